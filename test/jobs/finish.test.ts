import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { LIMITS } from "../../src/config.ts";
import { newTaskRow } from "../../src/jobs/new-task.ts";
import { finishTask } from "../../src/jobs/store/finish-task.ts";
import { holdsLease, renewLease } from "../../src/jobs/store/renew-lease.ts";
import { findExpiredLeases } from "../../src/jobs/store/sweep-queries.ts";
import { emptyStorage, prepareDatabase, testEnv } from "../fixtures/app.ts";
import { claim, claimOne, finished, outputOf, rowsOf, START_MS, submit } from "../fixtures/jobs.ts";

const DB = testEnv.DB;
const LATER_MS = START_MS + 5_000;

beforeAll(prepareDatabase);
beforeEach(emptyStorage);

async function everything() {
  const tables = ["jobs", "tasks", "attempts", "outputs", "task_dependencies"];
  return await Promise.all(tables.map((table) => rowsOf(table)));
}

describe("finishing", () => {
  it("records the outputs and completes the job with its last task", async () => {
    await submit({ tasks: [{}, {}] });
    const [first, second] = [await claimOne(), await claimOne()];
    const a = await finishTask(DB, first.lease, finished([outputOf(first, "a.webp")]), LATER_MS);
    expect(a).toMatchObject({ accepted: true, readyLanes: [], jobCompleted: false });
    const b = await finishTask(DB, second.lease, finished([outputOf(second, "b.webp")]), LATER_MS);
    expect(b).toMatchObject({ accepted: true, readyLanes: [], jobCompleted: true });
    expect(await rowsOf("outputs")).toHaveLength(2);
    expect(await rowsOf("attempts")).toMatchObject([{ outcome: "done" }, { outcome: "done" }]);
    expect(await rowsOf("jobs")).toMatchObject([
      { status: "completed", finished_at: LATER_MS, progress_percentage: 100, current_stage: null },
    ]);
  });

  it("twice with the same token is accepted both times and records once", async () => {
    await submit();
    const claimed = await claimOne();
    const done = finished([outputOf(claimed)], { notes: ["not enlarged"] });
    expect(await finishTask(DB, claimed.lease, done, LATER_MS)).toMatchObject({ accepted: true });
    const once = await everything();
    expect(await finishTask(DB, claimed.lease, done, LATER_MS + 1)).toMatchObject({ accepted: true });
    expect(await everything()).toEqual(once);
    expect(await rowsOf("jobs")).toMatchObject([{ notes: '["not enlarged"]' }]);
  });

  it("with a stale token changes nothing", async () => {
    await submit();
    const slow = await claimOne();
    await DB.prepare("UPDATE tasks SET state = 'ready', lease_token = NULL, lease_until = NULL").run();
    const fast = await claimOne();
    const before = await everything();
    const stale = finished([outputOf(slow)], {
      notes: ["stale"],
      newTasks: [nextTask(slow.job.id, "tsk_x")],
    });
    expect(await finishTask(DB, slow.lease, stale, LATER_MS)).toEqual({ accepted: false });
    expect(await everything()).toEqual(before);
    await finishTask(DB, fast.lease, finished([outputOf(fast)]), LATER_MS);
    const after = await everything();
    expect(await finishTask(DB, slow.lease, stale, LATER_MS)).toEqual({ accepted: false });
    expect(await everything()).toEqual(after);
  });

  it("gathers the notes of all tasks, each once", async () => {
    await submit({ tasks: [{}, {}] });
    for (const notes of [
      ["b", "a"],
      ["a", "c"],
    ]) {
      await finishTask(DB, (await claimOne()).lease, finished([], { notes }), LATER_MS);
    }
    expect(await rowsOf("jobs")).toMatchObject([{ notes: '["a","b","c"]' }]);
  });
});

function nextTask(jobId: string, id: string, dependsOn: string[] = []) {
  const owner = { jobId, priority: "normal", jobCreatedAtMs: START_MS, nowMs: LATER_MS } as const;
  return newTaskRow({ id, kind: "transcode", lane: "container-long", spec: {}, dependsOn }, owner);
}

describe("a task that waits for others", () => {
  it("is ready exactly when all of them are done", async () => {
    const last = { lane: "io", dependsOn: ["tsk_a", "tsk_b"] } as const;
    await submit({ tasks: [{ id: "tsk_a" }, { id: "tsk_b" }, { ...last, dependsOn: [...last.dependsOn] }] });
    const [a, b] = [await claimOne(), await claimOne()];
    expect(await finishTask(DB, b.lease, finished(), LATER_MS)).toMatchObject({ readyLanes: [] });
    expect((await claim(LATER_MS, "io")).claimed).toBeUndefined();
    expect(await finishTask(DB, a.lease, finished(), LATER_MS)).toMatchObject({
      readyLanes: ["io"],
      jobCompleted: false,
    });
    const packaging = await claimOne(LATER_MS, "io");
    expect(await finishTask(DB, packaging.lease, finished(), LATER_MS)).toMatchObject({ jobCompleted: true });
  });

  it("can be planned by the task before it, and keeps the job's place in the queue", async () => {
    const { job } = await submit();
    const probe = await claimOne();
    const newTasks = [nextTask(job.id, "tsk_next"), nextTask(job.id, "tsk_last", ["tsk_next"])];
    const newDependencies = [{ taskId: "tsk_last", dependsOn: "tsk_next" }];
    const finish = await finishTask(DB, probe.lease, finished([], { newTasks, newDependencies }), LATER_MS);
    expect(finish).toMatchObject({ accepted: true, readyLanes: ["container-long"], jobCompleted: false });
    const next = await claimOne(LATER_MS, "container-long");
    expect(next.task).toMatchObject({ id: "tsk_next", rank: probe.task.rank });
    expect(await finishTask(DB, next.lease, finished(), LATER_MS)).toMatchObject({
      readyLanes: ["container-long"],
      jobCompleted: false,
    });
    const last = await claimOne(LATER_MS, "container-long");
    expect(last.task.id).toBe("tsk_last");
    expect(await finishTask(DB, last.lease, finished(), LATER_MS)).toMatchObject({ jobCompleted: true });
  });

  it("of another job stays as it is", async () => {
    await submit();
    await submit({
      tasks: [
        { id: "tsk_p", lane: "io" },
        { lane: "io", dependsOn: ["tsk_p"] },
      ],
    });
    await finishTask(DB, (await claimOne()).lease, finished(), LATER_MS);
    expect(await rowsOf("tasks", "state = 'blocked'")).toHaveLength(1);
  });
});

describe("a lease", () => {
  it("is renewed by who holds it, and by nobody once it is lost", async () => {
    await submit();
    const { lease } = await claimOne();
    expect(await renewLease(DB, lease, LATER_MS)).toBe(true);
    expect(await rowsOf("tasks")).toMatchObject([{ lease_until: LATER_MS + LIMITS.leaseMs }]);
    expect(await renewLease(DB, { ...lease, token: "another" }, LATER_MS)).toBe(false);
    expect(await holdsLease(DB, lease.taskId, lease.token)).toBe(true);
    await finishTask(DB, lease, finished(), LATER_MS);
    expect(await renewLease(DB, lease, LATER_MS)).toBe(false);
    expect(await holdsLease(DB, lease.taskId, lease.token)).toBe(false);
  });

  it("that was not renewed is found once it ran out, the oldest first", async () => {
    await submit();
    await submit();
    const [old, young] = [await claimOne(START_MS), await claimOne(START_MS + 10)];
    const expired = async (nowMs: number) =>
      (await findExpiredLeases(DB, nowMs, 10)).map((task) => task.leaseToken);
    expect(await expired(START_MS + LIMITS.firstLeaseMs)).toEqual([]);
    expect(await expired(START_MS + LIMITS.firstLeaseMs + 1)).toEqual([old.lease.token]);
    expect(await expired(START_MS + LIMITS.firstLeaseMs + 11)).toEqual([old.lease.token, young.lease.token]);
    await renewLease(DB, old.lease, START_MS + 20);
    expect(await expired(START_MS + LIMITS.firstLeaseMs + 15)).toEqual([young.lease.token]);
  });
});
