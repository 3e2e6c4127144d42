import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { FailureClass } from "../../src/errors.ts";
import { decideRetry } from "../../src/jobs/retry-policy.ts";
import { deleteJob, endJob } from "../../src/jobs/store/end-job.ts";
import { failTask } from "../../src/jobs/store/fail-task.ts";
import { finishTask } from "../../src/jobs/store/finish-task.ts";
import { renewLease } from "../../src/jobs/store/renew-lease.ts";
import { emptyStorage, prepareDatabase, rowCounts, testEnv } from "../fixtures/app.ts";
import { claim, claimOne, failure, finished, outputOf, rowsOf, START_MS, submit } from "../fixtures/jobs.ts";

const DB = testEnv.DB;
const RETRY = { retry: true, delayMs: 1_500, counted: true } as const;
const GIVE_UP = { retry: false, reason: "permanent" } as const;

beforeAll(prepareDatabase);
beforeEach(emptyStorage);

describe("the retry policy", () => {
  /** Delays in ms of a task that keeps failing, until it is given up. */
  function delaysOf(
    failureClass: FailureClass,
    priority: "urgent" | "high" | "normal" | "low",
    random = 0.5,
  ) {
    const delays: number[] = [];
    for (let failures = 0; ; failures++) {
      const history = { countedFailures: failures, systemFailures: failures };
      const decision = decideRetry(failureClass, history, priority, random);
      if (!decision.retry) return { delays, reason: decision.reason };
      delays.push(decision.delayMs);
    }
  }

  it("waits longer each time, as long as its class says, and gives up", () => {
    expect(delaysOf("transient", "normal")).toEqual({
      delays: [1000, 2000, 4000, 8000],
      reason: "exhausted",
    });
    expect(delaysOf("resource", "normal")).toEqual({ delays: [5000, 12_500], reason: "exhausted" });
    expect(delaysOf("codec", "normal")).toEqual({ delays: [3000, 6000], reason: "exhausted" });
    expect(delaysOf("dependency", "normal").delays).toEqual([2000, 4000, 8000, 16_000, 32_000, 64_000]);
  });

  it("never tries again what is wrong with the input or the request", () => {
    expect(delaysOf("input", "urgent")).toEqual({ delays: [], reason: "permanent" });
    expect(delaysOf("configuration", "urgent")).toEqual({ delays: [], reason: "permanent" });
  });

  it("runs a task again at once that lost its worker, but not for ever", () => {
    expect(delaysOf("system", "low")).toEqual({
      delays: [0, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000, 30_000],
      reason: "exhausted",
    });
    const decision = decideRetry("system", { countedFailures: 4, systemFailures: 0 }, "normal", 0);
    expect(decision).toEqual({ retry: true, delayMs: 0, counted: false });
  });

  it("spreads retries, and hurries by priority", () => {
    expect(delaysOf("transient", "normal", 0).delays[0]).toBe(800);
    expect(delaysOf("transient", "normal", 0.999999).delays[0]).toBe(1200);
    expect(delaysOf("transient", "urgent").delays[0]).toBe(500);
    expect(delaysOf("transient", "high").delays[0]).toBe(750);
    expect(delaysOf("transient", "low").delays[0]).toBe(1500);
  });
});

describe("a failure that may pass", () => {
  it("makes the task ready again after its delay, and keeps the attempt", async () => {
    await submit();
    const first = await claimOne();
    const outcome = await failTask(DB, first.lease, failure(), RETRY, START_MS + 100);
    expect(outcome).toEqual({ applied: "retry", lane: "edge", delayMs: 1_500 });
    expect((await claim(START_MS + 1_599)).claimed).toBeUndefined();
    const second = await claimOne(START_MS + 1_600);
    expect(second.lease).toMatchObject({ taskId: first.lease.taskId, attempt: 2 });
    expect(second.task).toMatchObject({ countedFailures: 1, systemFailures: 0 });
    expect(await rowsOf("attempts", "1 ORDER BY number")).toMatchObject([
      { number: 1, outcome: "failed", finished_at: START_MS + 100, failure: JSON.stringify(failure()) },
      { number: 2, outcome: "running", finished_at: null },
    ]);
    expect(await rowsOf("jobs")).toMatchObject([{ status: "processing", error: null }]);
  });

  it("that was the worker's is not counted against the task", async () => {
    await submit();
    const decision = { retry: true, delayMs: 0, counted: false } as const;
    await failTask(DB, (await claimOne()).lease, failure("system"), decision, START_MS);
    expect((await claimOne()).task).toMatchObject({ countedFailures: 0, systemFailures: 1 });
    expect(await rowsOf("attempts", "number = 1")).toMatchObject([{ outcome: "lost" }]);
  });
});

describe("a failure that lasts", () => {
  it("fails the job, cancels what it has left, and names the attempts to stop", async () => {
    const tasks = [{}, {}, {}, { id: "tsk_last", lane: "io" as const, dependsOn: ["tsk_none"] }];
    const { job } = await submit({ tasks });
    const other = await submit({ createdAtMs: START_MS + 1 });
    const [bad, running] = [await claimOne(), await claimOne(START_MS, "edge", "slot-2")];
    const outcome = await failTask(DB, bad.lease, failure("input"), GIVE_UP, START_MS + 100);
    const { taskId, attempt } = running.lease;
    expect(outcome).toMatchObject({
      applied: "given_up",
      jobEnded: "failed",
      cancelled: [{ taskId, attempt, workerId: "slot-2" }],
      outputsFailed: [],
    });
    const states = (await rowsOf<{ state: string }>("tasks", `job_id = '${job.id}'`)).map(
      ({ state }) => state,
    );
    expect(states).toEqual(["failed", "cancelled", "cancelled", "cancelled"]);
    expect(await rowsOf("jobs", `id = '${job.id}'`)).toMatchObject([
      { status: "failed", finished_at: START_MS + 100, error: JSON.stringify(failure("input")) },
    ]);
    expect(await finishTask(DB, running.lease, finished([outputOf(running)]), START_MS)).toEqual({
      accepted: false,
    });
    expect(await rowsOf("outputs")).toEqual([]);
    expect((await claimOne(START_MS + 200)).job.id).toBe(other.job.id);
  });

  it.each([
    ["retry", RETRY],
    ["give up", GIVE_UP],
  ] as const)("is told by a stale token and changes nothing (%s)", async (_, decision) => {
    await submit();
    const stale = await claimOne();
    await failTask(DB, stale.lease, failure("system"), { retry: true, delayMs: 0, counted: false }, START_MS);
    await claimOne();
    const before = [await rowsOf("jobs"), await rowsOf("tasks"), await rowsOf("attempts")];
    const outcome = await failTask(DB, stale.lease, failure("input"), decision, START_MS + 9);
    expect(outcome).toEqual({ applied: "stale" });
    expect([await rowsOf("jobs"), await rowsOf("tasks"), await rowsOf("attempts")]).toEqual(before);
  });
});

describe("ending a job by hand", () => {
  it("cancels a pending one with its tasks", async () => {
    const { job } = await submit({ tasks: [{}, {}] });
    expect(await endJob(DB, job.id, "pending", START_MS)).toEqual({
      ended: true,
      status: "cancelled",
      running: [],
    });
    expect(await rowsOf("tasks", "state = 'cancelled'")).toHaveLength(2);
    expect((await claim()).claimed).toBeUndefined();
    expect(await endJob(DB, job.id, "pending", START_MS + 1)).toEqual({ ended: false });
  });

  it("does not touch one that has moved on", async () => {
    const { job } = await submit();
    const { lease } = await claimOne();
    expect(await endJob(DB, job.id, "pending", START_MS)).toEqual({ ended: false });
    expect(await renewLease(DB, lease, START_MS)).toBe(true);
  });

  it("takes the leases of one that runs, and fails it when a reason is given", async () => {
    const { job } = await submit();
    const { lease } = await claimOne();
    const running = [{ taskId: lease.taskId, attempt: 1, workerId: "worker-1" }];
    expect(await endJob(DB, job.id, "processing", START_MS, failure())).toEqual({
      ended: true,
      status: "failed",
      running,
    });
    expect(await renewLease(DB, lease, START_MS)).toBe(false);
    expect(await rowsOf("jobs")).toMatchObject([{ status: "failed", error: JSON.stringify(failure()) }]);
    expect(await rowsOf("attempts")).toMatchObject([{ outcome: "cancelled", finished_at: START_MS }]);
  });

  it("removes every row of it and none of another", async () => {
    const tasks = () => [{ id: `tsk_${crypto.randomUUID()}` }];
    const [gone, kept] = [await submit({ tasks: tasks() }), await submit({ tasks: tasks() })];
    for (const claimed of [await claimOne(), await claimOne()]) {
      await finishTask(DB, claimed.lease, finished([outputOf(claimed)]), START_MS);
    }
    await deleteJob(DB, gone.job.id, START_MS);
    expect(await rowCounts()).toEqual({ media: 2, jobs: 1, tasks: 1, attempts: 1, outputs: 1 });
    expect(await rowsOf("jobs")).toMatchObject([{ id: kept.job.id }]);
  });
});
