/** Jobs that are done in a moment have no channel unless somebody wants to hear of them, and nobody misses it. */
import { drizzle } from "drizzle-orm/d1";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Env } from "../../src/config.ts";
import { MediaError } from "../../src/errors.ts";
import { createReporter } from "../../src/processing/attempt-reporter.ts";
import { concludeDone, concludeFailed } from "../../src/processing/conclude.ts";
import { runInIsolate } from "../../src/processing/isolate-runner.ts";
import { markFollowed } from "../../src/progress/followers.ts";
import { webhookEndpoints } from "../../src/schema/webhooks.ts";
import { ask, emptyStorage, keyFor, prepareDatabase, testEnv } from "../fixtures/app.ts";
import { claimOne, rowsOf, submit } from "../fixtures/jobs.ts";
import { listen } from "../progress/watching.ts";

const DONE = { result: null, files: [] };
let key: { Authorization: string };

beforeAll(async () => {
  await prepareDatabase();
  key = await keyFor("anna");
});
beforeEach(emptyStorage);

/** Claimed just now, as the edge lane does. */
async function claimedJob() {
  const { job, tasks } = await submit({ hasChannel: false, createdAtMs: Date.now() });
  return { job, tasks, claimed: await claimOne(Date.now()) };
}

const channelOf = (jobId: string) => testEnv.JOB_PROGRESS.getByName(jobId);
const watch = async (jobId: string) =>
  listen(await ask(`/v1/jobs/${jobId}/ws`, { headers: { ...key, Upgrade: "websocket" } }));

/** The bindings, where a channel that is called is a mistake. */
function withoutChannels(): { env: Env; called: string[] } {
  const called: string[] = [];
  const getByName = (name: string) => {
    called.push(name);
    return channelOf(name);
  };
  return { env: { ...testEnv, JOB_PROGRESS: { getByName } } as unknown as Env, called };
}

describe("a job that nobody watches", () => {
  it("is done without a channel", async () => {
    const { claimed } = await claimedJob();
    const { env, called } = withoutChannels();
    const reporter = createReporter(env, claimed);
    await reporter.started();
    reporter.progress({ stage: "resize_operations", fraction: 0.5 });
    reporter.heartbeat();
    await concludeDone(env, claimed, DONE);
    expect(called).toEqual([]);
    expect(await rowsOf("jobs")).toMatchObject([{ status: "completed", has_channel: 0 }]);
  });

  it("is read, and watched after its end, from what D1 knows", async () => {
    const { job, claimed } = await claimedJob();
    await concludeDone(testEnv, claimed, DONE);
    const polled = await ask(`/v1/jobs/${job.id}/progress`, { headers: key });
    expect(await polled.json()).toMatchObject({ status: "completed", progress_percentage: 100 });
    const watcher = await watch(job.id);
    expect(await watcher.next()).toMatchObject({ type: "snapshot", status: "completed" });
    expect(await watcher.next()).toMatchObject({ type: "end", status: "completed" });
    expect(await channelOf(job.id).snapshot()).toBeNull();
    expect(await rowsOf("jobs")).toMatchObject([{ has_channel: 0 }]);
  });

  it("speaks up when it fails, so that it is known how far it was", async () => {
    const { job, claimed } = await claimedJob();
    // Nothing in the isolate makes such a task.
    await runInIsolate(testEnv, { ...claimed, task: { ...claimed.task, kind: "probe" } });
    expect(await rowsOf("attempts")).toMatchObject([{ outcome: "failed" }]);
    expect(await rowsOf("jobs")).toMatchObject([{ has_channel: 1 }]);
    expect(await channelOf(job.id).snapshot()).toMatchObject({ tasks: [{ attempt: 1 }] });
  });
});

describe("whoever comes while it runs", () => {
  it("hears the end", async () => {
    const { job, claimed } = await claimedJob();
    const watcher = await watch(job.id);
    expect(await watcher.next()).toMatchObject({ type: "snapshot", status: "processing" });
    await concludeDone(testEnv, claimed, DONE);
    expect(await lastOf(watcher)).toMatchObject({ type: "end", status: "completed" });
  });

  it("hears the end also when it comes in that very moment, or is too late for its channel", async () => {
    for (let round = 0; round < 8; round++) {
      const { job, claimed } = await claimedJob();
      const [watcher] = await Promise.all([watch(job.id), concludeDone(testEnv, claimed, DONE)]);
      expect(await lastOf(watcher)).toMatchObject({ type: "end", status: "completed" });
    }
  });

  it("hears that it failed", async () => {
    const { job, claimed } = await claimedJob();
    const watcher = await watch(job.id);
    await concludeFailed(testEnv, claimed, new MediaError("corrupt_image", "It is damaged."));
    expect(await lastOf(watcher)).toMatchObject({ type: "end", status: "failed" });
  });

  it("hears of each stage once the attempt has lasted for a moment", async () => {
    const { job, claimed } = await claimedJob();
    const reporter = createReporter(testEnv, claimed);
    reporter.progress({ stage: "resize_operations", fraction: 0.5 });
    const watcher = await watch(job.id);
    const { progress_percentage: before = 0 } = await watcher.next();
    await reporter.speakUp();
    const update = await watcher.next();
    expect(update).toMatchObject({ type: "update", current_stage: "resize_operations" });
    expect(update.progress_percentage).toBeGreaterThan(before);
    await concludeDone(testEnv, claimed, DONE);
    expect(await lastOf(watcher)).toMatchObject({ type: "end", progress_percentage: 100 });
  });
});

async function lastOf(watcher: Awaited<ReturnType<typeof watch>>) {
  for (;;) {
    const message = await watcher.next();
    if (message.type === "end") return message;
  }
}

describe("a job has its channel from the first moment", () => {
  it("when its owner's feed is followed", async () => {
    await markFollowed(testEnv.DB, "anna", Date.now());
    await submit({ hasChannel: false });
    await submit({ hasChannel: false, owner: "bert" });
    expect(await rowsOf("jobs", "1 ORDER BY owner")).toMatchObject([{ has_channel: 1 }, { has_channel: 0 }]);
  });

  it("when an endpoint of its owner wants to hear of progress", async () => {
    await listensTo("anna", ["job.progress"]);
    await listensTo("bert", ["job.completed"]);
    for (const owner of ["anna", "bert"]) await submit({ hasChannel: false, owner });
    expect(await rowsOf("jobs", "1 ORDER BY owner")).toMatchObject([{ has_channel: 1 }, { has_channel: 0 }]);
  });
});

async function listensTo(
  owner: string,
  events: (typeof webhookEndpoints.$inferInsert)["events"],
): Promise<void> {
  const id = `whe_${owner}`;
  const row = { id, owner, url: "https://hooks.example.com", events, progressStep: 25, enabled: true };
  await drizzle(testEnv.DB)
    .insert(webhookEndpoints)
    .values({ ...row, createdAt: 0, updatedAt: 0 });
}
