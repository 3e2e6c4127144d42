import { runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { LIMITS } from "../../src/config.ts";
import { newId } from "../../src/id.ts";
import { attemptPrefix } from "../../src/jobs/claimed-task.ts";
import { failTask } from "../../src/jobs/store/fail-task.ts";
import { finishTask } from "../../src/jobs/store/finish-task.ts";
import { readMedia } from "../../src/media/store.ts";
import { deleteMedia } from "../../src/retention/delete-media.ts";
import { sweep } from "../../src/retention/sweep.ts";
import {
  ask,
  emptyStorage,
  keyFor,
  prepareDatabase,
  rowCounts,
  storedKeys,
  testEnv,
} from "../fixtures/app.ts";
import { claim, claimOne, failure, finished, outputOf, rowsOf, START_MS, submit } from "../fixtures/jobs.ts";

const DB = testEnv.DB;
/** A lane whose queue finds nothing to run what it claims with: tickets for it change nothing here. */
const LANE = "container-long";
const TASK = { kind: "transcode", lane: LANE } as const;

beforeAll(prepareDatabase);
beforeEach(emptyStorage);
afterEach(() => void vi.useRealTimers());

describe("the sweep", () => {
  it("removes within the minute what hundreds of attempts left behind, and nothing else", async () => {
    const { job } = await submit({ tasks: [TASK] });
    const good = await claimOne(START_MS, LANE);
    const kept = `${attemptPrefix(good.lease)}whole.mp4`;
    await testEnv.MEDIA.put(kept, "whole");
    await finishTask(DB, good.lease, finished([outputOf(good)]), START_MS);
    // As a job of many chunks leaves them whose workers were lost again and again.
    const lost = Array.from({ length: 130 }, (_, n) => ({
      ...good.lease,
      taskId: "tsk_lost",
      attempt: n + 1,
    }));
    await DB.prepare(
      `INSERT INTO attempts (task_id, number, job_id, lease_token, worker_id, started_at, finished_at, outcome)
       SELECT 'tsk_lost', value, ?, 'token-' || value, 'slot-1', ?, ?, 'lost' FROM json_each(?)`,
    )
      .bind(job.id, START_MS, START_MS + 1, JSON.stringify(lost.map(({ attempt }) => attempt)))
      .run();
    await Promise.all(lost.map((lease) => testEnv.MEDIA.put(`${attemptPrefix(lease)}half.mp4`, "half")));
    expect(await sweep(testEnv, START_MS + 60_000)).toMatchObject({ attemptsSwept: 130 });
    expect(await rowsOf("attempts", "swept_at IS NOT NULL")).toHaveLength(130);
    expect(await storedKeys("outputs/")).toEqual([kept]);
    expect(await sweep(testEnv, START_MS + 120_000)).toMatchObject({ attemptsSwept: 0 });
    expect(await storedKeys("outputs/")).toEqual([kept]);
  });

  it("takes tasks back whose worker let the lease run out, and counts it against nobody", async () => {
    await submit({ tasks: [TASK] });
    const { lease } = await claimOne(START_MS, LANE);
    expect(await sweep(testEnv, START_MS + LIMITS.firstLeaseMs)).toMatchObject({ recovered: 0 });
    expect(await sweep(testEnv, START_MS + LIMITS.firstLeaseMs + 1)).toMatchObject({ recovered: 1 });
    expect(await rowsOf("tasks")).toMatchObject([
      { state: "ready", system_failures: 1, counted_failures: 0 },
    ]);
    expect(await rowsOf("attempts")).toMatchObject([{ outcome: "lost" }]);
    expect((await claimOne(Date.now(), LANE)).lease).toMatchObject({ taskId: lease.taskId, attempt: 2 });
  });

  it("sends a ticket for every task that could run, and none for one that waits", async () => {
    await submit({ tasks: [TASK, TASK, { ...TASK, dependsOn: ["tsk_none"] }] });
    await claimOne(START_MS, LANE);
    expect(await sweep(testEnv, START_MS)).toMatchObject({ tickets: 1 });
    await DB.prepare("UPDATE tasks SET available_at = available_at + 5000").run();
    expect(await sweep(testEnv, START_MS)).toMatchObject({ tickets: 0 });
  });

  it("fails jobs that are past their deadline, with their tasks", async () => {
    const pending = await submit({ tasks: [TASK] });
    await submit({ createdAtMs: START_MS + 10, tasks: [TASK] });
    const deadlineMs = START_MS + LIMITS.jobDeadlineMs;
    expect(await sweep(testEnv, deadlineMs)).toMatchObject({ overdue: 0 });
    expect(await sweep(testEnv, deadlineMs + 1)).toMatchObject({ overdue: 1 });
    expect(await rowsOf("jobs", `id = '${pending.job.id}'`)).toMatchObject([
      { status: "failed", error: expect.stringContaining("deadline") },
    ]);
    expect((await claim(deadlineMs, LANE)).claimed?.job.createdAt).toBe(START_MS + 10);
    expect(await sweep(testEnv, deadlineMs + 100)).toMatchObject({ overdue: 1 });
    expect(await rowsOf("tasks", "state IN ('ready', 'leased')")).toEqual([]);
  });

  it("removes the files of attempts that came to nothing, and only those", async () => {
    await submit({ tasks: [TASK] });
    const lost = await claimOne(START_MS, LANE);
    await testEnv.MEDIA.put(`${attemptPrefix(lost.lease)}half.mp4`, "half");
    await failTask(DB, lost.lease, failure("system"), { retry: true, delayMs: 0, counted: false }, START_MS);
    const good = await claimOne(START_MS, LANE);
    const kept = `${attemptPrefix(good.lease)}whole.mp4`;
    await testEnv.MEDIA.put(kept, "whole");
    expect(await sweep(testEnv, START_MS + 5_000)).toMatchObject({ attemptsSwept: 0 });
    await finishTask(DB, good.lease, finished([outputOf(good)]), START_MS);
    expect(await sweep(testEnv, START_MS + 30_000)).toMatchObject({ attemptsSwept: 1 });
    expect(await storedKeys("outputs/")).toEqual([kept]);
    expect(await sweep(testEnv, START_MS + 30_000)).toMatchObject({ attemptsSwept: 0 });
  });
});

it("the watchdog of a job takes its task back from a worker that fell silent", async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: START_MS });
  const { job, tasks } = await submit({ tasks: [TASK] });
  const { lease } = await claimOne(START_MS, LANE);
  const channel = testEnv.JOB_PROGRESS.getByName(job.id);
  const outline = {
    taskId: lease.taskId,
    kind: tasks[0]?.kind ?? "transcode",
    stage: "transcode",
    weight: 1,
  } as const;
  await channel.record([
    { type: "accepted", jobId: job.id, stages: ["analysis", "transcode"], tasks: [outline], atMs: START_MS },
    {
      type: "task_started",
      taskId: lease.taskId,
      attempt: 1,
      leaseToken: lease.token,
      workerId: "slot-9",
      atMs: START_MS,
    },
  ]);
  vi.setSystemTime(START_MS + LIMITS.heartbeatTimeoutMs);
  await runDurableObjectAlarm(channel);
  expect(await rowsOf("attempts")).toMatchObject([{ outcome: "lost" }]);
  expect(await rowsOf("tasks")).toMatchObject([{ state: "ready", system_failures: 1 }]);
});

describe("deleting a media", () => {
  it("takes its jobs, outputs, derivatives and original with it, running or not", async () => {
    const key = await keyFor("anna");
    const done = await submit({ tasks: [TASK] });
    const claimed = await claimOne(START_MS, LANE);
    await testEnv.MEDIA.put(`${attemptPrefix(claimed.lease)}a.mp4`, "a");
    await finishTask(DB, claimed.lease, finished([outputOf(claimed)]), START_MS);
    const other = await submit({ tasks: [TASK] });
    const mediaId = done.job.mediaId;
    await DB.prepare("UPDATE jobs SET media_id = ?").bind(mediaId).run();
    const running = await claimOne(START_MS, LANE);
    for (const object of [`media/${mediaId}/original`, `derived/${mediaId}/1/w=1.webp`])
      await testEnv.MEDIA.put(object, "x");
    expect((await ask(`/v1/media/${mediaId}`, { method: "DELETE", headers: key })).status).toBe(204);
    expect(await storedKeys()).toEqual([]);
    expect(await rowCounts()).toEqual({ media: 1 });
    expect(await finishTask(DB, running.lease, finished([outputOf(running)]), START_MS)).toEqual({
      accepted: false,
    });
    expect((await ask(`/v1/media/${mediaId}`, { headers: key })).status).toBe(404);
    expect((await ask(`/v1/jobs/${other.job.id}`, { headers: key })).status).toBe(404);
  });

  it("stops a job that was claimed between the look at it and its end, and ends its batch", async () => {
    const { job } = await submit({ tasks: [TASK] });
    const batchId = newId("batch");
    await DB.prepare(
      "INSERT INTO batches (id, owner, on_item_failure, request_id, created_at) VALUES (?, 'anna', 'continue', 'req_test', ?)",
    )
      .bind(batchId, START_MS)
      .run();
    await DB.prepare("UPDATE jobs SET batch_id = ?").bind(batchId).run();
    let claimed: Awaited<ReturnType<typeof claimOne>> | undefined;
    // The first transaction is the one that would end the job as pending.
    const claimedFirst: D1Database["batch"] = async (statements) => {
      claimed ??= await claimOne(START_MS, LANE);
      return await DB.batch(statements);
    };
    const own = { prepare: (text: string) => DB.prepare(text), batch: claimedFirst };
    const media = await readMedia(DB, "anna", job.mediaId);
    if (!media) throw new Error("no media");
    expect(await deleteMedia({ ...testEnv, DB: own as unknown as D1Database }, media)).toBe(true);
    expect(claimed?.job.id).toBe(job.id);
    expect([await rowsOf("jobs"), await rowsOf("tasks"), await rowsOf("attempts")]).toEqual([[], [], []]);
    expect(await rowsOf("batches")).toMatchObject([{ status: "cancelled" }]);
  });

  it("is finished by the sweep when it stopped half-way, a few jobs at a time", async () => {
    const first = await submit({ tasks: [TASK] });
    for (let n = 0; n < 24; n++) await submit({ tasks: [TASK] });
    const { mediaId } = first.job;
    await DB.prepare("UPDATE jobs SET media_id = ?").bind(mediaId).run();
    await DB.prepare("DELETE FROM media WHERE id <> ?").bind(mediaId).run();
    await DB.prepare("UPDATE media SET status = 'deleted'").run();
    await testEnv.MEDIA.put(`media/${mediaId}/original`, "x");
    expect(await sweep(testEnv, START_MS)).toMatchObject({ mediaDeleted: 1 });
    expect((await rowsOf("jobs")).length).toBeGreaterThan(0);
    await sweep(testEnv, START_MS);
    expect(await rowCounts()).toEqual({});
    expect(await storedKeys()).toEqual([]);
    expect(await sweep(testEnv, START_MS)).toMatchObject({ mediaDeleted: 0 });
  });
});
