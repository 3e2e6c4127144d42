import { runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { LIMITS } from "../../src/config.ts";
import { MediaError } from "../../src/errors.ts";
import { saveProgress } from "../../src/jobs/store/save-progress.ts";
import { concludeFailed } from "../../src/processing/conclude.ts";
import { outlineOf } from "../../src/progress/outline.ts";
import type { StageName } from "../../src/progress/stages.ts";
import { ask, emptyStorage, keyFor, prepareDatabase, testEnv } from "../fixtures/app.ts";
import { claimOne, rowsOf, submit } from "../fixtures/jobs.ts";
import { listen } from "../progress/watching.ts";

const DAY_MS = 24 * 3_600_000;
let key: { Authorization: string };

beforeAll(async () => {
  await prepareDatabase();
  key = await keyFor("anna");
});
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  await emptyStorage();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A job that fails for good in its second stage. */
async function failedJob(): Promise<string> {
  const { job, tasks } = await submit({ createdAtMs: Date.now() });
  const channel = testEnv.JOB_PROGRESS.getByName(job.id);
  const claimed = await claimOne(Date.now());
  const { taskId, token: leaseToken, attempt, workerId } = claimed.lease;
  const stages = job.stages as StageName[];
  const atMs = Date.now();
  await channel.record([
    { type: "accepted", jobId: job.id, stages, tasks: tasks.map(outlineOf), atMs },
    { type: "task_started", taskId, attempt, leaseToken, workerId, atMs },
    { type: "task_progress", taskId, attempt, sequence: 1, stage: "resize_operations", fraction: 0.5, atMs },
  ]);
  await concludeFailed(testEnv, claimed, new MediaError("corrupt_image", "It is damaged."));
  return job.id;
}

describe("a job that ended more than a day ago", () => {
  it("is shown as it was when it failed, polled, as events and over WebSocket", async () => {
    const jobId = await failedJob();
    const before = await (await ask(`/v1/jobs/${jobId}/progress`, { headers: key })).json();
    expect(before).toMatchObject({ status: "failed", current_stage: "resize_operations" });
    await vi.waitFor(async () => {
      expect(await rowsOf("jobs")).toMatchObject([{ current_stage: "resize_operations" }]);
    });
    vi.setSystemTime(Date.now() + DAY_MS + 1);
    const channel = testEnv.JOB_PROGRESS.getByName(jobId);
    await runDurableObjectAlarm(channel);
    expect(await channel.snapshot()).toBeNull();

    const { progress_percentage, current_stage, status } = before as Record<string, unknown>;
    const same = { job_id: jobId, status, progress_percentage, current_stage };
    const polled = await ask(`/v1/jobs/${jobId}/progress`, { headers: key });
    expect(await polled.json()).toMatchObject(same);
    const text = await (await ask(`/v1/jobs/${jobId}/events`, { headers: key })).text();
    expect(text).toContain("event: end");
    const upgrade = { headers: { ...key, Upgrade: "websocket" } };
    const watcher = listen(await ask(`/v1/jobs/${jobId}/ws`, upgrade));
    expect(await watcher.next()).toMatchObject({ type: "snapshot", ...same });
    expect(await watcher.next()).toMatchObject({ type: "end", ...same });
    expect(await watcher.closed).toEqual({ code: 1000, reason: "job failed" });
  });
});

it("is shown no less than D1 knows when the channel of a running job has lost everything", async () => {
  const { job } = await submit({ createdAtMs: Date.now() });
  await claimOne(Date.now());
  await saveProgress(testEnv.DB, { jobId: job.id, run: 1, percentage: 27.2, stage: "resize_operations" }, 1);
  const polled = await ask(`/v1/jobs/${job.id}/progress`, { headers: key });
  expect(await polled.json()).toMatchObject({ status: "processing", progress_percentage: 27.2 });
  expect(await testEnv.JOB_PROGRESS.getByName(job.id).snapshot()).toMatchObject({
    progress_percentage: 27.2,
  });
});

describe("a watch token", () => {
  const post = (body: unknown, headers: Record<string, string> = key) =>
    ask("/v1/watch-tokens", {
      method: "POST",
      headers: { ...headers, "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });

  it("of a job reads its progress for 15 minutes, and no other job's", async () => {
    const { job } = await submit({ createdAtMs: Date.now() });
    const { job: other } = await submit({ createdAtMs: Date.now() });
    const response = await post({ job_id: job.id });
    expect(response.status).toBe(201);
    const issued = await response.json<{ token: string; expires_at: string; links: { ws: string } }>();
    expect(Date.parse(issued.expires_at)).toBe(Date.now() + LIMITS.watchTokenMs);
    expect(issued.links.ws).toBe(`wss://darkroom.test/v1/jobs/${job.id}/ws`);
    const read = (id: string) => ask(`/v1/jobs/${id}/progress?token=${issued.token}`);
    expect((await read(job.id)).status).toBe(200);
    expect((await read(other.id)).status).toBe(401);
    expect((await ask(`/v1/jobs/${job.id}?token=${issued.token}`)).status).toBe(401);
    expect((await ask(`/v1/feed?token=${issued.token}`)).status).not.toBe(101);
    vi.setSystemTime(Date.now() + LIMITS.watchTokenMs);
    expect((await read(job.id)).status).toBe(401);
  });

  it("is not given for another owner's job, for nothing, or for both", async () => {
    const { job } = await submit({ owner: "bert", createdAtMs: Date.now() });
    expect((await post({ job_id: job.id })).status).toBe(404);
    for (const body of [{}, { job_id: job.id, feed: true }, { feed: false }, { job_id: 1 }, []]) {
      expect((await post(body)).status, JSON.stringify(body)).toBe(422);
    }
    const problem = await (await post({})).json<{ errors: unknown[] }>();
    expect(problem.errors).toEqual([{ path: "job_id", message: "Give either job_id, or feed: true" }]);
    expect((await post({ feed: true }, {})).status).toBe(401);
  });
});
