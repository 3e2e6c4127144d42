import { createMessageBatch } from "cloudflare:test";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Env, LIMITS, type Ticket } from "../../src/config.ts";
import { newId } from "../../src/id.ts";
import { newTaskRow } from "../../src/jobs/new-task.ts";
import { PRIORITY_POINTS } from "../../src/jobs/priority.ts";
import { acceptJob } from "../../src/jobs/store/accept-job.ts";
import { consumeTickets } from "../../src/processing/consumer.ts";
import { PRIORITIES, type Priority } from "../../src/schema/jobs.ts";
import { emptyStorage, prepareDatabase, testEnv } from "../fixtures/app.ts";
import { claimOne, rowsOf, START_MS, submit } from "../fixtures/jobs.ts";

beforeAll(prepareDatabase);
beforeEach(emptyStorage);

/** A job of many tasks, each with the place in the queue that a job of its own would have. */
async function submitMany(priority: Priority, createdAtMs: readonly number[]): Promise<void> {
  const { job } = await submit({ priority, tasks: [] });
  const tasks = createdAtMs.map((atMs) =>
    newTaskRow(
      { id: newId("task", atMs), kind: "image", lane: "edge", spec: {} },
      { jobId: job.id, priority, jobCreatedAtMs: atMs, nowMs: atMs },
    ),
  );
  const again = { ...job, id: newId("job") };
  await acceptJob(testEnv.DB, {
    job: again,
    tasks: tasks.map((task) => ({ ...task, jobId: again.id })),
    dependencies: [],
  });
}

async function claimAll(count: number, nowMs: number): Promise<{ priority: Priority; createdAt: number }[]> {
  const order: { priority: Priority; createdAt: number }[] = [];
  for (let n = 0; n < count; n++) {
    const { task } = await claimOne(nowMs);
    order.push({ priority: task.priority, createdAt: task.createdAt });
  }
  return order;
}

describe("1,000 mixed tasks ready", () => {
  it("come out urgent, high, normal, low, and first in first out inside each", {
    timeout: 60_000,
  }, async () => {
    for (const [n, priority] of PRIORITIES.toReversed().entries()) {
      await submitMany(
        priority,
        Array.from({ length: 250 }, (_, index) => START_MS + ((index * 7 + n) % 250)),
      );
    }
    const order = await claimAll(1_000, START_MS + 1_000);
    expect(order.map(({ priority }) => priority)).toEqual(
      PRIORITIES.flatMap((priority) => Array.from({ length: 250 }, () => priority)),
    );
    for (const priority of PRIORITIES) {
      const times = order.filter((task) => task.priority === priority).map(({ createdAt }) => createdAt);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
    }
  });
});

describe("a burst of 1,000 low jobs", () => {
  it("does not delay an urgent one: whoever is free next takes it", async () => {
    await submitMany(
      "low",
      Array.from({ length: 1_000 }, (_, n) => START_MS + n),
    );
    const running = await claimAll(2, START_MS + 2_000);
    expect(running.map(({ priority }) => priority)).toEqual(["low", "low"]);
    await submitMany("urgent", [START_MS + 2_001]);
    const [next] = await claimAll(1, START_MS + 2_002);
    expect(next?.priority).toBe("urgent");
  });

  it("is not forgotten over a steady stream of urgent ones", async () => {
    const headStartMs = (PRIORITY_POINTS.urgent - PRIORITY_POINTS.low) * LIMITS.headStartMs;
    await submitMany("low", [START_MS]);
    await submitMany(
      "urgent",
      Array.from({ length: 5 }, (_, n) => START_MS + headStartMs + 1 + n),
    );
    const [next] = await claimAll(1, START_MS + headStartMs + 10);
    expect(next?.priority).toBe("low");
  });
});

describe("a batch of tickets of the edge lane", () => {
  it("does not hold an urgent job back that comes while it is worked through", async () => {
    await submitMany(
      "low",
      Array.from({ length: 10 }, (_, n) => START_MS + n),
    );
    let urgent: string | undefined;
    // It comes in when the first task reports that it has begun.
    const channel = {
      getByName: () => ({
        async record() {
          urgent ??= (await submit({ priority: "urgent", createdAtMs: START_MS + 100 })).job.id;
        },
        snapshot: async () => null,
      }),
    };
    const quiet = { sendBatch: async () => {} };
    const env = { ...testEnv, JOB_PROGRESS: channel, EDGE_QUEUE: quiet } as unknown as Env;
    const ticket = (n: number) => ({ id: `m${n}`, timestamp: 1000, attempts: 1, body: { lane: "edge" } });
    const batch = createMessageBatch<Ticket>("darkroom-edge", [1, 2, 3, 4].map(ticket) as never);
    await consumeTickets(batch, env);
    const attempts = await rowsOf<{ job_id: string }>("attempts", "1 ORDER BY started_at, rowid");
    expect(attempts).toHaveLength(4);
    // One task's time: the one that ran when it came.
    expect(attempts[1]?.job_id).toBe(urgent);
  });
});
