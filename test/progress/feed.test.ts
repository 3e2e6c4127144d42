import {
  evictDurableObject,
  listDurableObjectIds,
  runDurableObjectAlarm,
  runInDurableObject,
} from "cloudflare:test";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { createFeedToken, createWatchToken } from "../../src/access/watch-token.ts";
import { configOf, LIMITS } from "../../src/config.ts";
import type { JobRow, TaskRow } from "../../src/jobs/claimed-task.ts";
import { finishTask } from "../../src/jobs/store/finish-task.ts";
import type { ProgressEvent } from "../../src/progress/event.ts";
import type { FeedEvent, FeedMessage } from "../../src/progress/feed-message.ts";
import { announceJob } from "../../src/submission/announce.ts";
import { ask, emptyStorage, keyFor, prepareDatabase, testEnv } from "../fixtures/app.ts";
import { claimOne, finished, outputOf, rowsOf, submit } from "../fixtures/jobs.ts";
import { progressed, started } from "./history.ts";
import { listen } from "./watching.ts";

type Events = Extract<FeedMessage, { type: "events" | "snapshot" }>;

let owner = "";
let owners = 0;
let key: { Authorization: string };

beforeAll(prepareDatabase);
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  await emptyStorage();
  owner = `owner-${++owners}`;
  key = await keyFor(owner);
});
afterEach(() => {
  vi.useRealTimers();
});

const feed = () => testEnv.FEED.getByName(owner);

const followers = () => rowsOf("feed_followers", `owner = '${owner}'`);

function later(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}

async function follow(headers: Record<string, string> = key, query = "") {
  const answer = await ask(`/v1/feed${query}`, { headers: { ...headers, Upgrade: "websocket" } });
  const watcher = listen(answer);
  return {
    ...watcher,
    next: async () => JSON.parse(await watcher.nextText()) as FeedMessage,
    send: (message: unknown) =>
      watcher.socket.send(typeof message === "string" ? message : JSON.stringify(message)),
  };
}

/** A follower that has had its answer and its snapshot. */
async function following(wanted: object) {
  const follower = await follow();
  follower.send({ type: "subscribe", ...wanted });
  const subscribed = await follower.next();
  const snapshot = (await follower.next()) as Events;
  return { ...follower, subscribed, snapshot };
}

const WAITING = { dependsOn: ["tsk_other"] };

interface Running {
  job: JobRow;
  task: TaskRow;
  report(...events: ProgressEvent[]): Promise<void>;
}

/** A job that its channel knows of, with one task that nobody claims: it is the test that reports. */
async function runningJob(of = owner): Promise<Running> {
  const { job, tasks } = await submit({ owner: of, createdAtMs: Date.now(), tasks: [WAITING] });
  const [task] = tasks;
  if (!task) throw new Error("no task");
  await announceJob(testEnv, { job, tasks, hasEvents: false });
  return { job, task, report: (...events) => testEnv.JOB_PROGRESS.getByName(job.id).record(events) };
}

function eventsOf(message: FeedMessage): FeedEvent[] {
  return (message as Events).events;
}

describe("the feed", () => {
  it("opens for a key or a feed token of the owner, as a WebSocket only", async () => {
    const token = await createFeedToken(configOf(testEnv).tokenSecret, owner, Date.now());
    await follow({}, `?token=${token}`);
    await follow();
    const jobToken = await createWatchToken(configOf(testEnv).tokenSecret, "job_a", owner, Date.now());
    const status = async (query: string, headers: Record<string, string> = { Upgrade: "websocket" }) =>
      (await ask(`/v1/feed${query}`, { headers })).status;
    expect(await status("")).toBe(401);
    expect(await status(`?token=${jobToken}`)).toBe(401);
    expect(await status("", key)).toBe(426);
    later(LIMITS.watchTokenMs);
    expect(await status(`?token=${token}`)).toBe(401);
  });

  it("tells how a job stands when it is subscribed to, and then what changes", async () => {
    const { job, task, report } = await runningJob();
    const follower = await following({ jobs: [job.id] });
    expect(follower.subscribed).toEqual({
      type: "subscribed",
      jobs: [job.id],
      media: [],
      batches: [],
      all: false,
      unknown: [],
    });
    const event = (status: string, progress: number) => ({
      event: `progress:${job.mediaId}`,
      data: { job_id: job.id, status, progress, thumbnail_url: null },
    });
    expect(follower.snapshot).toEqual({ type: "snapshot", events: [event("pending", 0)] });
    await report(started(task.id), progressed(task.id, 1, 0, { stage: "resize_operations" }));
    expect(await follower.next()).toEqual({ type: "events", events: [event("processing", 10.6)] });
  });

  it("tells of everything of its owner, also of jobs that begin later, and of nothing else", async () => {
    const before = await runningJob();
    const foreign = await runningJob("somebody else");
    const follower = await following({ all: true });
    expect(follower.snapshot.events.map(({ data }) => data.job_id)).toEqual([before.job.id]);
    later(1_000);
    await foreign.report(started(foreign.task.id));
    const after = await runningJob();
    expect(eventsOf(await follower.next())).toMatchObject([
      { data: { job_id: after.job.id, status: "pending" } },
    ]);
  });

  it("finds a job that was accepted while it was not known yet that somebody follows", async () => {
    await runningJob();
    const follower = await following({ all: true });
    expect(follower.snapshot.events).toHaveLength(1);
    const { job } = await runningJob();
    later(1_250);
    await runDurableObjectAlarm(feed());
    expect(eventsOf(await follower.next())).toMatchObject([{ data: { job_id: job.id } }]);
  });

  it("tells of every job of a media, the next one too", async () => {
    const { job } = await runningJob();
    const follower = await following({ media: [job.mediaId] });
    expect(follower.snapshot.events).toMatchObject([{ event: `progress:${job.mediaId}` }]);
    later(1_000);
    const next = await submit({ owner, createdAtMs: Date.now(), tasks: [WAITING] });
    const again = { ...next.job, mediaId: job.mediaId };
    await announceJob(testEnv, { job: again, tasks: next.tasks, hasEvents: false });
    expect(eventsOf(await follower.next())).toMatchObject([
      { event: `progress:${job.mediaId}`, data: { job_id: again.id } },
    ]);
  });

  it("tells of every job of a batch", async () => {
    const { job, tasks } = await submit({ owner, createdAtMs: Date.now(), tasks: [WAITING] });
    await testEnv.DB.batch([
      testEnv.DB.prepare(
        "INSERT INTO batches (id, owner, on_item_failure, request_id, created_at) VALUES ('bat_1', ?, 'continue', 'req_1', 0)",
      ).bind(owner),
      testEnv.DB.prepare("UPDATE jobs SET batch_id = 'bat_1' WHERE id = ?").bind(job.id),
    ]);
    await announceJob(testEnv, { job: { ...job, batchId: "bat_1" }, tasks, hasEvents: false });
    const other = await runningJob();
    const follower = await following({ batches: ["bat_1", "bat_2"] });
    expect(follower.subscribed).toMatchObject({ batches: ["bat_1"], unknown: ["bat_2"] });
    expect(follower.snapshot.events).toMatchObject([{ data: { job_id: job.id } }]);
    await other.report(started(other.task.id));
    await testEnv.JOB_PROGRESS.getByName(job.id).record([started(tasks[0]?.id ?? "")]);
    expect(eventsOf(await follower.next())).toMatchObject([
      { event: `progress:${job.mediaId}`, data: { job_id: job.id, status: "processing" } },
    ]);
  });

  it("tells at most four times a second, each job as it is by then", async () => {
    const running = await Promise.all(Array.from({ length: 6 }, () => runningJob()));
    const follower = await following({ all: true });
    later(1_000);
    for (const { task, report } of running) await report(started(task.id));
    expect(eventsOf(await follower.next())).toHaveLength(1);
    for (const { task, report } of running) {
      await report(progressed(task.id, 1, 0, { stage: "resize_operations" }));
    }
    expect(follower.unread()).toBe(0);
    later(250);
    await runDurableObjectAlarm(feed());
    const events = eventsOf(await follower.next());
    expect(events).toHaveLength(6);
    expect(events.every(({ data }) => data.progress === 10.6)).toBe(true);
    expect(follower.unread()).toBe(0);
  });

  it("names a thumbnail once one of the outputs is a small image", async () => {
    const { job, task, report } = await runningJob();
    const follower = await following({ jobs: [job.id] });
    await testEnv.DB.prepare("UPDATE tasks SET state = 'ready'").run();
    const claimed = await claimOne(Date.now());
    await finishTask(testEnv.DB, claimed.lease, finished([outputOf(claimed)]), Date.now());
    await report(
      started(task.id),
      { type: "task_ended", taskId: task.id, attempt: 1, state: "done", atMs: Date.now() },
      { type: "job_ended", status: "completed", atMs: Date.now() },
    );
    const expected = {
      status: "completed",
      progress: 100,
      thumbnail_url: expect.stringMatching(new RegExp(`/outputs/${job.id}/thumbnail.webp$`)),
    };
    expect(eventsOf(await follower.next())).toMatchObject([{ data: expected }]);
    const late = await following({ media: [job.mediaId] });
    expect(late.snapshot.events).toMatchObject([{ data: expected }]);
  });

  it("says which ids are not there, or another owner's, in the same words", async () => {
    const foreign = await runningJob("somebody else");
    const unknown = [foreign.job.id, "job_nothing", foreign.job.mediaId];
    const follower = await following({ jobs: unknown.slice(0, 2), media: unknown.slice(2) });
    expect(follower.subscribed).toMatchObject({ jobs: [], media: [], unknown });
    expect(follower.snapshot.events).toEqual([]);
    later(1_000);
    await foreign.report(started(foreign.task.id));
    follower.send("ping");
    expect(await follower.nextText()).toBe("pong");
  });

  it("is quiet after an unsubscribe, and the job's channel then tells no more", async () => {
    const { job, task, report } = await runningJob();
    const follower = await following({ jobs: [job.id] });
    follower.send({ type: "unsubscribe", jobs: [job.id] });
    expect(await follower.next()).toMatchObject({ type: "unsubscribed", jobs: [job.id] });
    await report(started(task.id));
    const channel = testEnv.JOB_PROGRESS.getByName(job.id);
    await vi.waitFor(async () => {
      const kept = await runInDurableObject(channel, (_, state) => state.storage.kv.get("followed"));
      expect(kept).toBeUndefined();
    });
    expect(follower.unread()).toBe(0);
  });

  it("goes on when it, or the channel of a job, was evicted", async () => {
    const { job, task, report } = await runningJob();
    const follower = await following({ jobs: [job.id] });
    await evictDurableObject(feed());
    await evictDurableObject(testEnv.JOB_PROGRESS.getByName(job.id));
    await report(started(task.id));
    expect(eventsOf(await follower.next())).toMatchObject([{ data: { status: "processing" } }]);
    later(1_000);
    await evictDurableObject(feed());
    await report(progressed(task.id, 1, 0, { stage: "resize_operations" }));
    expect(eventsOf(await follower.next())).toMatchObject([{ data: { progress: 10.6 } }]);
  });

  it("costs nothing while nobody follows it", async () => {
    const { job, task, report } = await runningJob();
    await report(started(task.id));
    const ids = await listDurableObjectIds(testEnv.FEED);
    expect(ids.some((id) => id.equals(testEnv.FEED.idFromName(owner)))).toBe(false);
    const channel = testEnv.JOB_PROGRESS.getByName(job.id);
    expect(await runInDurableObject(channel, (_, state) => state.storage.kv.get("followed"))).toBeUndefined();
  });

  it("is forgotten when the last one has left", async () => {
    const follower = await following({ all: true });
    const second = await following({ all: true });
    expect(await followers()).toHaveLength(1);
    follower.socket.close(1000);
    await follower.closed;
    expect(await followers()).toHaveLength(1);
    second.socket.close(1000);
    await second.closed;
    await vi.waitFor(async () => expect(await followers()).toEqual([]));
    const stored = await runInDurableObject(feed(), (_, state) =>
      state.storage.sql.exec("SELECT * FROM subscriptions").toArray(),
    );
    expect(stored).toEqual([]);
  });
});

describe("a follower", () => {
  it.each([
    ["no JSON", "subscribe!"],
    ["an unknown field", { type: "subscribe", all: true, owner: "anna" }],
    ["an unknown type", { type: "shout", all: true }],
    ["nothing to subscribe to", { type: "subscribe" }],
    ["ids that are no texts", { type: "subscribe", jobs: [1] }],
    ["too many ids", { type: "subscribe", jobs: Array.from({ length: 201 }, (_, i) => `job_${i}`) }],
    ["too long a message", { type: "subscribe", jobs: ["x".repeat(40_000)] }],
  ])("that sends %s is told so, and may go on", async (_, message) => {
    const follower = await follow();
    follower.send(message);
    expect(await follower.next()).toMatchObject({ type: "error", code: "malformed_message" });
    follower.send({ type: "subscribe", all: true });
    expect(await follower.next()).toMatchObject({ type: "subscribed", all: true });
  });

  it("that never makes sense is sent away", async () => {
    const follower = await follow();
    for (let n = 0; n < 20; n++) follower.send("{}");
    expect(await follower.closed).toMatchObject({ code: 1008 });
  });

  it("cannot subscribe to more than it may", async () => {
    const { job } = await runningJob();
    const follower = await following({ jobs: [job.id] });
    const socket = (await runInDurableObject(feed(), (_, state) => {
      const [name] = state.getWebSockets().map((each) => state.getTags(each)[0]);
      const many = Array.from({ length: LIMITS.maxFeedSubscriptions }, (_, n) => `job:${n}`);
      state.storage.sql.exec(
        "INSERT INTO subscriptions SELECT value, ? FROM json_each(?)",
        name ?? "",
        JSON.stringify(many),
      );
      return name;
    })) as string;
    expect(socket).toBeTruthy();
    follower.send({ type: "subscribe", media: [job.mediaId] });
    expect(await follower.next()).toMatchObject({ type: "error", code: "too_many_subscriptions" });
  });

  it("finds no room where too many follow already", async () => {
    await Promise.all(Array.from({ length: LIMITS.maxFeedSockets }, () => follow()));
    const answer = await ask("/v1/feed", { headers: { ...key, Upgrade: "websocket" } });
    expect(answer.status).toBe(429);
    expect(await answer.json()).toMatchObject({ type: "/problems/too_many_watchers" });
  });
});
