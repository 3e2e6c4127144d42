import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { LIMITS } from "../../src/config.ts";
import type { ClaimedTask } from "../../src/jobs/claimed-task.ts";
import { PRIORITY_POINTS } from "../../src/jobs/priority.ts";
import { claimTask } from "../../src/jobs/store/claim-task.ts";
import { findExpiredLeases } from "../../src/jobs/store/sweep-queries.ts";
import { PRIORITIES, type Priority } from "../../src/schema/jobs.ts";
import { emptyStorage, prepareDatabase, testEnv } from "../fixtures/app.ts";
import { claim, claimOne, rowsOf, START_MS, submit } from "../fixtures/jobs.ts";

beforeAll(prepareDatabase);
beforeEach(emptyStorage);

describe("20 claimers over 200 ready tasks", () => {
  it("claim each task once, and together in rank order", { timeout: 30_000 }, async () => {
    const submitted = new Set<string>();
    for (let n = 0; n < 200; n++) {
      const priority = PRIORITIES[(n * 7) % PRIORITIES.length] ?? "normal";
      const { tasks } = await submit({ priority, createdAtMs: START_MS + n });
      submitted.add(tasks[0]?.id ?? "");
    }
    const rounds: ClaimedTask[][] = [];
    for (let round = 0; round < 10; round++) {
      rounds.push(
        await Promise.all(
          Array.from({ length: 20 }, (_, n) => claimOne(START_MS + 1_000, "edge", `worker-${n}`)),
        ),
      );
    }
    const claimed = rounds.flat();
    expect(claimed).toHaveLength(200);
    expect(new Set(claimed.map(({ lease }) => lease.taskId))).toEqual(submitted);
    expect(new Set(claimed.map(({ lease }) => lease.token)).size).toBe(200);
    expect(await claim(START_MS + 1_000)).toEqual({ claimed: undefined, nextAtMs: undefined });
    // Claims of one round are simultaneous; the database says in which order it served them.
    const ranks = rounds.map((round) => round.map(({ task }) => task.rank).toSorted((a, b) => a - b));
    expect(ranks.flat()).toEqual(claimed.map(({ task }) => task.rank).toSorted((a, b) => a - b));
    expect(await rowsOf("attempts", "number = 1 AND outcome = 'running'")).toHaveLength(200);
    expect(await rowsOf("jobs", "status = 'processing'")).toHaveLength(200);
  });
});

describe("the order of claims", () => {
  async function orderOf(count: number, nowMs: number): Promise<{ priority: Priority; createdAt: number }[]> {
    const order: { priority: Priority; createdAt: number }[] = [];
    for (let n = 0; n < count; n++) {
      const { job } = await claimOne(nowMs);
      order.push({ priority: job.priority, createdAt: job.createdAt - START_MS });
    }
    return order;
  }

  it("is urgent, high, normal, low, and first in first out inside each", async () => {
    for (const [n, priority] of [
      "low",
      "normal",
      "urgent",
      "high",
      "low",
      "high",
      "normal",
      "urgent",
    ].entries()) {
      await submit({ priority: priority as Priority, createdAtMs: START_MS + n });
    }
    expect(await orderOf(8, START_MS + 100)).toEqual([
      { priority: "urgent", createdAt: 2 },
      { priority: "urgent", createdAt: 7 },
      { priority: "high", createdAt: 3 },
      { priority: "high", createdAt: 5 },
      { priority: "normal", createdAt: 1 },
      { priority: "normal", createdAt: 6 },
      { priority: "low", createdAt: 0 },
      { priority: "low", createdAt: 4 },
    ]);
  });

  it("is that of submission for jobs of the same millisecond", async () => {
    const jobs = [await submit(), await submit(), await submit()];
    const claimed = [await claimOne(), await claimOne(), await claimOne()];
    expect(claimed.map(({ job }) => job.id)).toEqual(jobs.map(({ job }) => job.id));
  });

  it("lets low work that has waited out the head start go before fresh urgent work", async () => {
    const headStartMs = (PRIORITY_POINTS.urgent - PRIORITY_POINTS.low) * LIMITS.headStartMs;
    await submit({ priority: "low", createdAtMs: START_MS });
    await submit({ priority: "urgent", createdAtMs: START_MS + headStartMs - 1 });
    await submit({ priority: "urgent", createdAtMs: START_MS + headStartMs + 1 });
    const order = await orderOf(3, START_MS + headStartMs + 2);
    expect(order.map(({ createdAt }) => createdAt)).toEqual([headStartMs - 1, 0, headStartMs + 1]);
  });
});

describe("a claim", () => {
  it("takes nothing from another lane, and nothing that is blocked", async () => {
    await submit({
      tasks: [
        { id: "tsk_a", lane: "io" },
        { lane: "edge", dependsOn: ["tsk_a"] },
      ],
    });
    expect((await claim(START_MS, "edge")).claimed).toBeUndefined();
    expect((await claimOne(START_MS, "io")).task.id).toBe("tsk_a");
  });

  it("leaves delayed tasks until their time, and tells when that is", async () => {
    await submit();
    await submit();
    const at = `UPDATE tasks SET available_at = ${START_MS} + CASE rowid % 2 WHEN 0 THEN 5000 ELSE 9000 END`;
    await testEnv.DB.prepare(at).run();
    expect(await claim(START_MS + 4_999)).toEqual({ claimed: undefined, nextAtMs: START_MS + 5_000 });
    await claimOne(START_MS + 5_000);
    expect(await claim(START_MS + 5_000)).toEqual({ claimed: undefined, nextAtMs: START_MS + 9_000 });
  });

  it("says all that its handler needs, and starts the job only once", async () => {
    const { job } = await submit({ tasks: [{}, {}] });
    const first = await claimOne(START_MS + 10, "edge", "worker-7");
    expect(first.lease).toMatchObject({
      jobId: job.id,
      attempt: 1,
      untilMs: START_MS + 10 + LIMITS.firstLeaseMs,
      workerId: "worker-7",
    });
    expect(first.job).toMatchObject({ id: job.id, status: "processing", startedAt: START_MS + 10 });
    expect(first.media).toMatchObject({ id: job.mediaId, owner: "anna", objectKey: expect.any(String) });
    expect((await claimOne(START_MS + 20)).job.startedAt).toBe(START_MS + 10);
  });
});

describe("the indexes", () => {
  /** The plan of every statement that `work` runs. */
  async function plansOf(work: (d1: D1Database) => Promise<unknown>): Promise<string[]> {
    const statements: string[] = [];
    const prepare = (query: string) => {
      statements.push(query);
      return testEnv.DB.prepare(query);
    };
    const batch = testEnv.DB.batch.bind(testEnv.DB);
    await work({ prepare, batch } as D1Database);
    return await Promise.all(statements.map(planOf));
  }

  async function planOf(statement: string): Promise<string> {
    const parameters = Array.from(statement.matchAll(/\?/g), () => 1);
    const explained = testEnv.DB.prepare(`EXPLAIN QUERY PLAN ${statement}`).bind(...parameters);
    const { results } = await explained.all<{ detail: string }>();
    return results.map(({ detail }) => detail).join("\n");
  }

  it("of ready tasks serves the claim in order, and that of leases whatever a claim reads back", async () => {
    const request = { lane: "edge", workerId: "worker-1", token: "token-1", nowMs: START_MS } as const;
    const [lease, ...rest] = await plansOf((d1) => claimTask(d1, request));
    expect(lease).toContain("tasks USING INDEX tasks_ready");
    expect(rest.join("\n")).toContain("tasks USING INDEX tasks_lease_token");
    expect([lease, ...rest].join("\n")).not.toMatch(/SCAN (tasks|jobs|media)\b|TEMP B-TREE/);
  });

  it("of leases serves the sweep in order", async () => {
    const [plan] = await plansOf((d1) => findExpiredLeases(d1, START_MS, 100));
    expect(plan).toContain("tasks USING INDEX tasks_leased");
    expect(plan).not.toContain("TEMP B-TREE");
  });
});
