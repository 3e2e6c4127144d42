import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { type Env, LIMITS } from "../../src/config.ts";
import { claimWork } from "../../src/processing/claim-work.ts";
import { runInIsolate } from "../../src/processing/isolate-runner.ts";
import { sendLateTickets } from "../../src/processing/late-tickets.ts";
import { recoverExpired, recoverTask } from "../../src/processing/recover.ts";
import { emptyStorage, prepareDatabase, testEnv } from "../fixtures/app.ts";
import { rowsOf, submit } from "../fixtures/jobs.ts";

const watch = () => testEnv.LEASE_WATCH.getByName("all");
/** A worker that is lost is made good within this, from its loss to the start of the next run. */
const PROMISE_MS = 30_000;
/** In the future, so that no alarm rings but by the clock of the test. */
let nowMs = Date.now();

beforeAll(prepareDatabase);
beforeEach(async () => {
  await emptyStorage();
  nowMs += 86_400_000;
  vi.useFakeTimers({ toFake: ["Date"], now: nowMs });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Lets the clock run, and the alarm ring whenever it is due by it; gives how long it took until `done`. */
async function until(done: () => Promise<boolean>, limitMs: number): Promise<number> {
  const startedAtMs = Date.now();
  while (Date.now() - startedAtMs < limitMs) {
    vi.setSystemTime(Date.now() + 1_000);
    if ((await nextAlarmMs()) <= Date.now()) await runDurableObjectAlarm(watch());
    if (await done()) return Date.now() - startedAtMs;
  }
  return Number.POSITIVE_INFINITY;
}

async function nextAlarmMs(): Promise<number> {
  return await runInDurableObject(
    watch(),
    async (_, state) => (await state.storage.getAlarm()) ?? Number.POSITIVE_INFINITY,
  );
}

const isReadyAgain = async () =>
  (await rowsOf("tasks", "state = 'ready' AND system_failures = 1")).length === 1;

describe("a worker that is lost between its claim and its first report", () => {
  it("is noticed, and its task runs again, within half a minute", async () => {
    await submit({ createdAtMs: Date.now() });
    expect((await claimWork(testEnv, { lane: "edge", workerId: "edge-gone" })).claimed).toBeDefined();
    // It vanishes: no report, no renewal, nothing that anybody could hear.
    const tookMs = await until(isReadyAgain, 60_000);
    expect(tookMs).toBeLessThan(PROMISE_MS);
    const again = await claimWork(testEnv, { lane: "edge", workerId: "edge-next" });
    expect(again.claimed?.lease).toMatchObject({ attempt: 2, workerId: "edge-next" });
    expect(await rowsOf("attempts", "1 ORDER BY number")).toMatchObject([
      { outcome: "lost", worker_id: "edge-gone" },
      { outcome: "running" },
    ]);
  });

  it("is noticed too when it had claimed long after the last one", async () => {
    await claimWork(testEnv, { lane: "edge", workerId: "edge-early" });
    // Nothing was there to claim; the watch goes on for a while all the same.
    await until(async () => false, 15_000);
    await submit({ createdAtMs: Date.now() });
    await claimWork(testEnv, { lane: "edge", workerId: "edge-gone" });
    expect(await until(isReadyAgain, 60_000)).toBeLessThan(PROMISE_MS);
  });
});

describe("many workers that are lost at once", () => {
  it("are all made good within half a minute", { timeout: 60_000 }, async () => {
    // A lane whose queue finds nothing to run what it claims with: its tickets change nothing here.
    const lane = "container-long";
    for (let n = 0; n < 60; n++) {
      await submit({ createdAtMs: Date.now(), tasks: [{ lane, kind: "transcode" }] });
      await claimWork(testEnv, { lane, workerId: `gone-${n}` });
    }
    const areTakenBack = async () => (await rowsOf("attempts", "outcome = 'lost'")).length === 60;
    expect(await until(areTakenBack, 60_000)).toBeLessThan(PROMISE_MS);
  });

  it("do not wait for one that cannot be taken back now", async () => {
    for (const workerId of ["edge-1", "edge-2", "edge-3"]) {
      await submit({ createdAtMs: Date.now() });
      await claimWork(testEnv, { lane: "edge", workerId });
    }
    let calls = 0;
    const sendBatch = async () => {
      if (++calls === 1) throw new Error("the queue does not answer");
    };
    const env = { ...testEnv, EDGE_QUEUE: { sendBatch } } as unknown as Env;
    expect(await recoverExpired(env, Date.now() + LIMITS.firstLeaseMs + 1, 10)).toBe(2);
    expect(await rowsOf("tasks", "state = 'ready'")).toHaveLength(3);
    expect(await rowsOf("attempts", "outcome = 'lost'")).toHaveLength(3);
  });
});

describe("a slot that was started anew", () => {
  it("does not count as a loss of what it ran; one that still knows of it does", async () => {
    await submit({ createdAtMs: Date.now(), tasks: [{ lane: "container-short", kind: "thumbnail" }] });
    await claimWork(testEnv, { lane: "container-short", workerId: "slot-1" });
    const isLost = async () => (await rowsOf("attempts", "outcome = 'lost'")).length === 1;
    expect(await until(isLost, 60_000)).toBeLessThan(PROMISE_MS);
    const [attempt] = await rowsOf<{ failure: string }>("attempts");
    expect(JSON.parse(attempt?.failure ?? "")).toMatchObject({ code: "worker_restarted" });
    expect(await rowsOf("tasks")).toMatchObject([
      { state: "ready", system_failures: 0, counted_failures: 0 },
    ]);

    const { claimed } = await claimWork(testEnv, { lane: "container-short", workerId: "slot-1" });
    const knows = { getByName: () => ({ stopAttempt: async () => true }) };
    const env = { ...testEnv, TRANSCODER: knows } as unknown as Env;
    await recoverTask(env, claimed?.task.id ?? "", claimed?.lease.token ?? "");
    expect(await rowsOf("tasks")).toMatchObject([{ state: "ready", system_failures: 1 }]);
  });
});

describe("a ticket that was lost", () => {
  it("is sent again a few seconds later, to a lane that rests for each task, to a busy one once", async () => {
    const sent: string[] = [];
    const queueOf = (lane: string) => ({
      sendBatch: async (batch: unknown[]) => sent.push(...batch.map(() => lane)),
    });
    const env = { ...testEnv, EDGE_QUEUE: queueOf("edge"), IO_QUEUE: queueOf("io") } as unknown as Env;
    for (let n = 0; n < 3; n++) await submit({ createdAtMs: Date.now() });
    expect(await sendLateTickets(env, Date.now() + 4_000)).toBe(false);
    expect(await sendLateTickets(env, Date.now() + 5_000)).toBe(true);
    expect(sent).toEqual(["edge", "edge", "edge"]);
    await claimWork(testEnv, { lane: "edge", workerId: "edge-1" });
    await sendLateTickets(env, Date.now() + 5_000);
    expect(sent).toHaveLength(4);
  });
});

describe("the watch over leases", () => {
  it("is woken again when its alarm went down with the process that was to ring it", async () => {
    await watch().arm();
    vi.setSystemTime(Date.now() + 3_600_000);
    await watch().arm();
    expect(await nextAlarmMs()).toBeGreaterThan(Date.now());
  });

  it("rests when nothing is leased, and has nothing to wake up for", async () => {
    await claimWork(testEnv, { lane: "edge", workerId: "edge-1" });
    await until(async () => (await nextAlarmMs()) === Number.POSITIVE_INFINITY, 120_000);
    expect(await nextAlarmMs()).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("a channel that does not answer", () => {
  it("does not keep a worker from its work", { timeout: 20_000 }, async () => {
    vi.useRealTimers();
    await submit({ createdAtMs: Date.now(), tasks: [{ lane: "io" }] });
    const { claimed } = await claimWork(testEnv, { lane: "io", workerId: "io-1" });
    if (!claimed) throw new Error("nothing to claim");
    const silence = () => new Promise(() => {});
    const env = {
      ...testEnv,
      JOB_PROGRESS: { getByName: () => ({ record: silence, snapshot: silence }) },
      IO_QUEUE: { sendBatch: async () => {} },
    } as unknown as Env;
    const startedAtMs = Date.now();
    await runInIsolate(env, claimed);
    expect(Date.now() - startedAtMs).toBeLessThan(10_000);
    // Its spec is none: what counts is that it got as far as to fail.
    expect(await rowsOf("attempts")).toMatchObject([{ outcome: "failed" }]);
  });
});
