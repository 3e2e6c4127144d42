import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CONCURRENT_RETRIES, RETRY_PATIENCE_MS } from "../../src/jobs/retry-policy.ts";
import { claimTask } from "../../src/jobs/store/claim-task.ts";
import { failTask } from "../../src/jobs/store/fail-task.ts";
import { PRIORITIES } from "../../src/schema/jobs.ts";
import { emptyStorage, prepareDatabase, testEnv } from "../fixtures/app.ts";
import { claimOne, failure, rowsOf, START_MS, submit } from "../fixtures/jobs.ts";

const DB = testEnv.DB;
const AGAIN = { retry: true, delayMs: 0, counted: true } as const;

beforeAll(prepareDatabase);
beforeEach(emptyStorage);

/** Tasks that have each failed once and are ready again. */
async function failedOnce(count: number, failureClass = "transient", priority = "normal" as const) {
  for (let n = 0; n < count; n++) await submit({ priority, createdAtMs: START_MS - 60_000 });
  for (let n = 0; n < count; n++) {
    const { lease } = await claimOne(START_MS);
    await failTask(DB, lease, failure(failureClass), AGAIN, START_MS);
    // Out of the way until all have failed.
    await DB.prepare("UPDATE tasks SET available_at = available_at + 1000 WHERE id = ?")
      .bind(lease.taskId)
      .run();
  }
  await DB.prepare(`UPDATE tasks SET available_at = ${START_MS} WHERE state = 'ready'`).run();
}

async function claimWith(laneCapacity?: number, nowMs = START_MS + 1) {
  const token = crypto.randomUUID();
  return await claimTask(DB, {
    lane: "edge",
    workerId: "worker-1",
    token,
    nowMs,
    ...(laneCapacity !== undefined && { laneCapacity }),
  });
}

describe("retries beside fresh work", () => {
  it.each(PRIORITIES)("run a few at once by priority: %s", async (priority) => {
    const most = CONCURRENT_RETRIES[priority];
    await failedOnce(most + 2, "transient", priority as "normal");
    const retried = [];
    for (let n = 0; n < most; n++) retried.push((await claimWith()).claimed);
    expect(retried.every((claimed) => claimed?.task.attempt === 2)).toBe(true);
    expect(await claimWith()).toEqual({ claimed: undefined, nextAtMs: expect.any(Number) });

    await submit({ priority, createdAtMs: START_MS });
    expect((await claimWith()).claimed?.task.attempt).toBe(1);

    const [ended] = retried;
    if (ended)
      await failTask(DB, ended.lease, failure("input"), { retry: false, reason: "permanent" }, START_MS);
    expect((await claimWith()).claimed?.task.attempt).toBe(2);
  });

  it("are looked for again a moment later when there was no room, not at once", async () => {
    await failedOnce(CONCURRENT_RETRIES.normal + 1);
    for (let n = 0; n < CONCURRENT_RETRIES.normal; n++) await claimWith();
    const { claimed, ...nothing } = await claimWith();
    expect(claimed).toBeUndefined();
    expect(nothing).toEqual({ nextAtMs: START_MS + 2_001 });
  });

  it("of lost workers are not held back: the loss was not theirs", async () => {
    for (let n = 0; n < 7; n++) await submit();
    const leases = [];
    for (let n = 0; n < 7; n++) leases.push((await claimOne(START_MS)).lease);
    const lost = { retry: true, delayMs: 0, counted: false } as const;
    for (const lease of leases) await failTask(DB, lease, failure("system"), lost, START_MS);
    for (let n = 0; n < 7; n++) expect((await claimWith()).claimed).toBeDefined();
  });
});

describe("retries under load", () => {
  /** Fills the lane with fresh work: `busy` of 20 places. */
  async function fill(busy: number): Promise<void> {
    for (let n = 0; n < busy; n++) await submit({ priority: "urgent" });
    for (let n = 0; n < busy; n++) await claimOne(START_MS);
  }

  it.each([
    { failureClass: "resource", busy: 14, runs: true },
    { failureClass: "resource", busy: 15, runs: false },
    { failureClass: "transient", busy: 15, runs: true },
    { failureClass: "transient", busy: 17, runs: true },
    { failureClass: "transient", busy: 18, runs: false },
    { failureClass: "codec", busy: 18, runs: false },
  ])(
    "with $busy of 20 places taken, after a $failureClass failure: $runs",
    async ({ failureClass, busy, runs }) => {
      await failedOnce(1, failureClass);
      await fill(busy);
      expect((await claimWith(20)).claimed !== undefined).toBe(runs);
      // Fresh work is not asked about load.
      await submit();
      expect((await claimWith(20)).claimed).toBeDefined();
    },
  );

  it("do not wait for ever in a lane that is always full", async () => {
    await failedOnce(1);
    await fill(20);
    expect((await claimWith(20, START_MS + RETRY_PATIENCE_MS - 1)).claimed).toBeUndefined();
    expect((await claimWith(20, START_MS + RETRY_PATIENCE_MS)).claimed).toBeDefined();
  });
});

describe("a task that ran out of memory", () => {
  it("is claimed again only where there is more of it", async () => {
    await submit();
    const { lease } = await claimOne(START_MS);
    const place = { lane: "container-short", slotSize: "large" } as const;
    await failTask(DB, lease, failure("resource"), { ...AGAIN, place }, START_MS);
    expect(await rowsOf("tasks")).toMatchObject([{ lane: "container-short", slot_size: "large" }]);
    const request = { lane: "container-short", workerId: "slot-1", nowMs: START_MS + 1 } as const;
    expect(await claimTask(DB, { ...request, token: "a" })).toEqual({
      claimed: undefined,
      nextAtMs: undefined,
    });
    const large = await claimTask(DB, { ...request, token: "b", slotSize: "large" });
    expect(large.claimed?.task).toMatchObject({ attempt: 2, retryClass: "resource" });
  });

  it("leaves what fits a standard slot to the standard slots", async () => {
    await submit({ tasks: [{ lane: "container-long", kind: "transcode" }] });
    const request = { lane: "container-long", workerId: "large-1", nowMs: START_MS + 1, token: "c" } as const;
    expect((await claimTask(DB, { ...request, slotSize: "large" })).claimed).toBeUndefined();
  });
});

describe("a task that could not be tried", () => {
  it("is put back without having spent anything", async () => {
    await submit();
    const { lease } = await claimOne(START_MS);
    await failTask(
      DB,
      lease,
      failure(),
      { ...AGAIN, counted: false, unspent: true, delayMs: 60_000 },
      START_MS,
    );
    expect(await rowsOf("tasks")).toMatchObject([
      { state: "ready", counted_failures: 0, system_failures: 0, retry_class: null },
    ]);
  });
});
