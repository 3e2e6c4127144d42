import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { attemptPrefix, type ClaimedTask } from "../../src/jobs/claimed-task.ts";
import { failTask } from "../../src/jobs/store/fail-task.ts";
import { finishTask } from "../../src/jobs/store/finish-task.ts";
import { retryJob } from "../../src/jobs/store/retry-job.ts";
import { forgetOldJobs, removeOutlived } from "../../src/retention/forget-jobs.ts";
import { sweep } from "../../src/retention/sweep.ts";
import { ask, emptyStorage, keyFor, prepareDatabase, storedKeys, testEnv } from "../fixtures/app.ts";
import { claimOne, failure, finished, outputOf, rowsOf, START_MS, submit } from "../fixtures/jobs.ts";

const DB = testEnv.DB;
const DAY_MS = 86_400_000;
const NEVER = { retry: false, reason: "permanent" } as const;
const HISTORY = ["tasks", "attempts", "job_runs", "task_dependencies"];

beforeAll(prepareDatabase);
beforeEach(emptyStorage);
afterEach(() => void vi.useRealTimers());

/** A job that was completed, with its output in storage. */
async function completed(): Promise<ClaimedTask> {
  await submit();
  const claimed = await claimOne();
  await testEnv.MEDIA.put(`media/${claimed.job.mediaId}/original`, "original");
  const output = outputOf(claimed);
  await testEnv.MEDIA.put(output.objectKey, "output");
  await finishTask(DB, claimed.lease, finished([output]), START_MS);
  return claimed;
}

async function failed(): Promise<ClaimedTask> {
  await submit();
  const claimed = await claimOne();
  await failTask(DB, claimed.lease, failure("input"), NEVER, START_MS);
  await DB.prepare("UPDATE attempts SET swept_at = 1").run();
  return claimed;
}

/** Somebody has dealt with the dead letter. */
async function resolve(resolution: string, atMs = START_MS): Promise<void> {
  await DB.prepare("UPDATE dead_letters SET resolution = ?, resolved_at = ?").bind(resolution, atMs).run();
}

/** Whatever is kept of the history of any job. */
async function historyRows(): Promise<number> {
  const counts = await Promise.all(HISTORY.map(async (table) => (await rowsOf(table)).length));
  return counts.reduce((sum, count) => sum + count, 0);
}

describe("a job that was completed", () => {
  it("is forgotten after seven days but for its row: what it made can still be had", async () => {
    const { job } = await completed();
    expect(await forgetOldJobs(testEnv, START_MS + 7 * DAY_MS)).toBe(0);
    expect(await historyRows()).toBeGreaterThan(0);
    expect(await sweep(testEnv, START_MS + 7 * DAY_MS + 1)).toMatchObject({ jobsForgotten: 1 });
    expect(await historyRows()).toBe(0);

    const headers = await keyFor("anna");
    const [output] = await rowsOf<{ name: string }>("outputs");
    const file = await ask(`/outputs/${job.id}/${output?.name}`, { headers });
    expect([file.status, await file.text()]).toEqual([200, "output"]);
    expect(await (await ask(`/v1/jobs/${job.id}`, { headers })).json()).toMatchObject({
      status: "completed",
    });
    expect(await (await ask(`/v1/jobs/${job.id}/progress`, { headers })).json()).toMatchObject({
      progress_percentage: 100,
    });
    const timeline = await (await ask(`/v1/jobs/${job.id}/timeline`, { headers })).json();
    expect(timeline).toMatchObject({ history_removed_at: new Date(START_MS + 7 * DAY_MS + 1).toISOString() });
    expect((await ask(`/v1/media/${job.mediaId}/original`, { headers })).status).toBe(200);
  });

  it("goes on where a sweep was stopped, and is not looked at again", async () => {
    const { job } = await completed();
    const nowMs = START_MS + 8 * DAY_MS;
    await DB.prepare("UPDATE jobs SET history_removed_at = 0").run();
    expect(await forgetOldJobs(testEnv, nowMs)).toBe(1);
    expect(await forgetOldJobs(testEnv, nowMs + DAY_MS)).toBe(0);
    expect(await rowsOf("jobs")).toMatchObject([{ id: job.id, history_removed_at: nowMs }]);
  });

  it("loses files that only a retry would have used, and none that an output is made of", async () => {
    const { job, lease } = await completed();
    const stream = `${lease.taskId}.7`;
    await DB.batch([
      DB.prepare("UPDATE outputs SET tree = ?").bind(JSON.stringify([`${lease.taskId}.1`, stream])),
      ...[5, 7].map((number) =>
        DB.prepare(
          `INSERT INTO attempts (task_id, number, job_id, lease_token, worker_id, started_at, finished_at, outcome)
           VALUES (?, ?, ?, 't', 'w', 0, 0, 'done')`,
        ).bind(lease.taskId, number, job.id),
      ),
    ]);
    const folder = (attempt: number) => attemptPrefix({ ...lease, attempt });
    for (const number of [5, 7]) await testEnv.MEDIA.put(`${folder(number)}00001.m4s`, "segment");
    await forgetOldJobs(testEnv, START_MS + 8 * DAY_MS);
    const kept = await storedKeys("outputs/");
    expect(kept).toHaveLength(2);
    expect(kept).toContain(`${folder(7)}00001.m4s`);
  });

  it("waits while files of its lost attempts are not swept", async () => {
    const { lease } = await completed();
    await DB.prepare(
      `INSERT INTO attempts (task_id, number, job_id, lease_token, worker_id, started_at, finished_at, outcome)
       VALUES (?, 9, ?, 't', 'w', 0, 0, 'lost')`,
    )
      .bind(lease.taskId, lease.jobId)
      .run();
    expect(await forgetOldJobs(testEnv, START_MS + 8 * DAY_MS)).toBe(0);
    await DB.prepare("UPDATE attempts SET swept_at = 1").run();
    expect(await forgetOldJobs(testEnv, START_MS + 8 * DAY_MS)).toBe(1);
  });
});

describe("a job that failed", () => {
  it("goes whole after thirty days when its dead letter was dealt with; that letter and its media stay", async () => {
    const { job } = await failed();
    await resolve("fixed", START_MS + 20 * DAY_MS);
    expect(await forgetOldJobs(testEnv, START_MS + 30 * DAY_MS)).toBe(0);
    expect(await forgetOldJobs(testEnv, START_MS + 30 * DAY_MS + 1)).toBe(1);
    expect(await rowsOf("jobs")).toEqual([]);
    expect(await historyRows()).toBe(0);
    expect(await rowsOf("media")).toMatchObject([{ id: job.mediaId }]);
    expect(await rowsOf("dead_letters")).toMatchObject([{ job_id: job.id, resolution: "fixed" }]);
    expect(await sweep(testEnv, START_MS + 111 * DAY_MS)).toMatchObject({ lettersForgotten: 1 });
  });

  it("can be requeued as long as nobody has dealt with its dead letter", async () => {
    const { job } = await failed();
    expect(await forgetOldJobs(testEnv, START_MS + 179 * DAY_MS)).toBe(0);
    const headers = await keyFor("anna");
    const requeued = await ask(`/v1/dead-letters/${job.id}/requeue`, { headers, method: "POST" });
    expect([requeued.status, await requeued.json()]).toMatchObject([202, { run: 2 }]);
  });

  it("goes when its letter is resolved late, and the letter stays with what was written on it", async () => {
    const { job } = await failed();
    const headers = { ...(await keyFor("anna")), "Content-Type": "application/json" };
    const note = JSON.stringify({ resolution: "cancelled", notes: "The customer has left." });
    const path = `/v1/dead-letters/${job.id}`;
    expect((await ask(path, { headers, method: "PATCH", body: note })).status).toBe(200);
    await resolve("cancelled", START_MS + 100 * DAY_MS);
    expect(await sweep(testEnv, START_MS + 100 * DAY_MS)).toMatchObject({ jobsForgotten: 1 });
    expect(await (await ask(path, { headers })).json()).toMatchObject({ notes: "The customer has left." });
    expect((await ask(`/v1/jobs/${job.id}`, { headers })).status).toBe(404);
  });

  it("is not held for ever by an open letter, which stays, and says that nothing is left to requeue", async () => {
    const { job } = await failed();
    expect(await sweep(testEnv, START_MS + 180 * DAY_MS + 1)).toMatchObject({ jobsForgotten: 1 });
    expect(await rowsOf("jobs")).toEqual([]);
    const headers = await keyFor("anna");
    const answer = await ask(`/v1/dead-letters/${job.id}`, { headers });
    expect([answer.status, await answer.json()]).toMatchObject([200, { job_id: job.id, resolution: null }]);
    const requeued = await ask(`/v1/dead-letters/${job.id}/requeue`, { headers, method: "POST" });
    expect([requeued.status, await requeued.json()]).toMatchObject([
      409,
      { detail: expect.stringContaining("only its dead letter") },
    ]);
  });

  it("whose forgetting was begun is forgotten though its letter was opened again meanwhile", async () => {
    await failed();
    await DB.prepare("UPDATE jobs SET history_removed_at = 0").run();
    expect(await forgetOldJobs(testEnv, START_MS + 31 * DAY_MS)).toBe(1);
  });

  it("stays a row of its batch, which counts it, and cannot be retried", async () => {
    const { job } = await failed();
    await resolve("fixed");
    await DB.prepare("UPDATE jobs SET batch_id = 'bat_1'").run();
    expect(await forgetOldJobs(testEnv, START_MS + 31 * DAY_MS)).toBe(1);
    expect(await rowsOf("jobs")).toMatchObject([{ id: job.id, status: "failed" }]);
    expect(await retryJob(DB, job.id, START_MS + 32 * DAY_MS)).toEqual({ retried: false });
  });

  it("and is retried in time begins its days anew", async () => {
    const { job } = await failed();
    await retryJob(DB, job.id, START_MS + 29 * DAY_MS);
    expect(await forgetOldJobs(testEnv, START_MS + 40 * DAY_MS)).toBe(0);
  });
});

it("a job of any age is left alone while it runs", async () => {
  await submit();
  await claimOne();
  expect(await forgetOldJobs(testEnv, START_MS + 400 * DAY_MS)).toBe(0);
});

it("outputs outlive every history, unless the deployment says how long they live", async () => {
  const { job } = await completed();
  const nowMs = START_MS + 100 * DAY_MS;
  expect(await removeOutlived(testEnv, nowMs, 20)).toBe(0);
  expect(await removeOutlived({ ...testEnv, OUTPUT_DAYS: "101" }, nowMs, 20)).toBe(0);
  expect(await removeOutlived({ ...testEnv, OUTPUT_DAYS: "90" }, nowMs, 20)).toBe(1);
  expect(await rowsOf("jobs")).toEqual([]);
  expect(await storedKeys("outputs/")).toEqual([]);
  expect(await rowsOf("media")).toMatchObject([{ id: job.mediaId }]);
});
