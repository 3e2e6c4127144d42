import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { LIMITS } from "../../src/config.ts";
import type { ProgressChannel } from "../../src/progress/channel.ts";
import type { ProgressEvent } from "../../src/progress/event.ts";
import { prepareDatabase } from "../fixtures/app.ts";
import {
  imageAccepted,
  jobEnded,
  plannedTasks,
  progressed,
  started,
  taskEnded,
  videoAccepted,
} from "./history.ts";
import { newChannel, recoverWith, watchBySocket, watchByStream } from "./watching.ts";

const STAGE_1 = progressed("image", 1, 0, { stage: "preprocessing" });
const STAGE_2 = progressed("image", 2, 0, { stage: "resize_operations" });
const DAY_MS = 24 * 3_600_000;

beforeAll(prepareDatabase);
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: 1_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

function later(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}

describe("polling", () => {
  it("finds nothing before the job is accepted, then what the events add up to", async () => {
    const channel = newChannel();
    expect(await channel.snapshot()).toBeNull();
    await channel.record([imageAccepted, started("image"), STAGE_2]);
    expect(await channel.snapshot()).toMatchObject({
      job_id: "job_1",
      status: "processing",
      progress_percentage: 15,
      current_stage: "resize_operations",
    });
  });

  it("finds the same after an eviction", async () => {
    const channel = newChannel();
    await channel.record([imageAccepted, started("image"), STAGE_2]);
    const before = await channel.snapshot();
    await evictDurableObject(channel);
    expect(await channel.snapshot()).toEqual(before);
  });
});

describe("a crash at any moment", () => {
  it("takes nothing back that a watcher was told", async () => {
    const channel = newChannel();
    await channel.record([videoAccepted, { type: "planned", tasks: plannedTasks, atMs: 1_500 }]);
    await channel.record([started("probe"), taskEnded("probe"), started("chunk-1"), started("chunk-2")]);
    later(500);
    // Written down, and nobody is told: from here to the next write passes more than to the next message.
    await channel.record([taskEnded("chunk-2", "ready")]);
    const watcher = await watchBySocket(channel);
    await watcher.next();
    later(500);
    await channel.record([progressed("chunk-1", 1, 0.5)]);
    const told = (await watcher.next()) as { progress_percentage: number };
    await evictDurableObject(channel);
    expect(await channel.snapshot()).toMatchObject({ progress_percentage: told.progress_percentage });
  });

  it("lets a channel that lost everything begin where D1 is", async () => {
    const channel = newChannel();
    await channel.record([{ ...videoAccepted, reached: 27.2 }, started("probe")]);
    expect(await channel.snapshot()).toMatchObject({ progress_percentage: 27.2 });
  });
});

describe("a WebSocket watcher", () => {
  it("gets a snapshot, then only what changed, then the end and a close with the reason", async () => {
    const channel = newChannel();
    await channel.record([imageAccepted]);
    const watcher = await watchBySocket(channel);
    expect(await watcher.next()).toMatchObject({
      type: "snapshot",
      sequence: 1,
      status: "pending",
      tasks: [{}],
    });

    await channel.record([started("image"), STAGE_1]);
    const update = await watcher.next();
    expect(update).toMatchObject({
      type: "update",
      sequence: 2,
      status: "processing",
      progress_percentage: 5,
    });
    expect(update).not.toHaveProperty("job_id");
    expect(update).not.toHaveProperty("stage_details");

    await channel.record([jobEnded("completed")]);
    expect(await watcher.next()).toMatchObject({
      type: "end",
      sequence: 3,
      job_id: "job_1",
      status: "completed",
      progress_percentage: 100,
    });
    expect(await watcher.closed).toEqual({ code: 1000, reason: "job completed" });
  });

  it("who comes after the end gets the snapshot, the end and the close", async () => {
    const channel = newChannel();
    await channel.record([imageAccepted, started("image"), jobEnded("failed")]);
    const watcher = await watchBySocket(channel);
    expect(await watcher.next()).toMatchObject({ type: "snapshot", status: "failed" });
    expect(await watcher.next()).toMatchObject({ type: "end", status: "failed" });
    expect(await watcher.closed).toEqual({ code: 1000, reason: "job failed" });
  });

  it("who has not hung up yet does not disturb a retry of the job", async () => {
    const channel = newChannel();
    await channel.record([imageAccepted]);
    const watcher = await watchBySocket(channel);
    await runInDurableObject(channel, async (inside: ProgressChannel) => {
      const end = inside.record([jobEnded("failed", 15_000)]);
      await inside.record([{ ...imageAccepted, atMs: 20_000 }, started("image", 2)]);
      await end;
    });
    expect(await watcher.next()).toMatchObject({ type: "snapshot" });
    expect(await watcher.next()).toMatchObject({ type: "end", status: "failed" });
    expect(await watcher.closed).toMatchObject({ code: 1000 });
    expect(await channel.snapshot()).toMatchObject({ status: "processing" });
  });

  it("who comes before the first event gets the snapshot when there is one", async () => {
    const channel = newChannel();
    const watcher = await watchBySocket(channel);
    await channel.record([imageAccepted]);
    expect(await watcher.next()).toMatchObject({ type: "snapshot", status: "pending" });
  });

  it("is answered when it pings", async () => {
    const watcher = await watchBySocket(newChannel());
    watcher.socket.send("ping");
    expect(await watcher.nextText()).toBe("pong");
  });

  it("stays connected while the object is evicted, and is told what comes after", async () => {
    const channel = newChannel();
    await channel.record([imageAccepted]);
    const watcher = await watchBySocket(channel);
    await watcher.next();
    await evictDurableObject(channel);
    await channel.record([started("image")]);
    expect(await watcher.next()).toMatchObject({ type: "update", sequence: 2, status: "processing" });
  });

  it("hears of a flood once a second, and of the last report by the alarm", async () => {
    const channel = newChannel();
    await channel.record([imageAccepted, started("image"), STAGE_2]);
    const watcher = await watchBySocket(channel);
    await watcher.next();
    for (let sequence = 3; sequence <= 12; sequence++) {
      await channel.record([progressed("image", sequence, sequence / 20, { stage: "resize_operations" })]);
    }
    later(1_000);
    expect(await runDurableObjectAlarm(channel)).toBe(true);
    expect(await watcher.next()).toMatchObject({ type: "update", sequence: 2, stage_percentage: 60 });
    expect(watcher.unread()).toBe(0);
  });

  it("hears at least every 5 s that the workers are alive, though nothing moves", async () => {
    const channel = newChannel();
    await channel.record([imageAccepted, started("image"), STAGE_2]);
    const watcher = await watchBySocket(channel);
    await watcher.next();
    for (let seconds = 1; seconds <= 11; seconds++) {
      later(1_000);
      await channel.record([{ type: "heartbeat", taskId: "image", attempt: 1, atMs: Date.now() }]);
    }
    expect([await watcher.next(), await watcher.next()]).toMatchObject([
      { type: "update", sequence: 2 },
      { type: "update", sequence: 3 },
    ]);
    expect(watcher.unread()).toBe(0);
  });

  it("sees what the workers use", async () => {
    const channel = newChannel();
    const usage = { memory_bytes: 1_000, cpu_percent: 180, temp_bytes: 50 };
    await channel.record([imageAccepted, started("image")]);
    const watcher = await watchBySocket(channel);
    await watcher.next();
    later(1_000);
    await channel.record([{ type: "heartbeat", taskId: "image", attempt: 1, usage, atMs: Date.now() }]);
    expect(await watcher.next()).toMatchObject({
      resource_usage: { memory_bytes: 1_000, cpu_percent: 180 },
      stage_details: { temp_bytes: 50 },
    });
    await channel.record([taskEnded("image"), jobEnded("failed")]);
    expect(await watcher.next()).toMatchObject({ type: "end", resource_usage: null });
  });

  it("that was sent its share is asked to connect again, and then goes on from a snapshot", async () => {
    const channel = newChannel();
    await channel.record([imageAccepted, started("image")]);
    const watcher = await watchBySocket(channel);
    const text = "x".repeat(LIMITS.maxSocketBytes / 4);
    for (let sequence = 1; sequence <= 6; sequence++) {
      later(1_000);
      const details = { current_operation: `${sequence}${text}` };
      const report = progressed("image", sequence, sequence / 10, { stage: "validation" });
      await channel.record([{ ...report, details } as ProgressEvent]);
    }
    expect(await watcher.closed).toEqual({ code: 1013, reason: "connect again to go on" });
    const again = await watchBySocket(channel);
    expect(await again.next()).toMatchObject({ type: "snapshot", stage_percentage: 60 });
  });

  it("finds no room where too many watch already, and is told so", async () => {
    const channel = newChannel();
    await channel.record([imageAccepted]);
    const watching = Array.from({ length: LIMITS.maxWatchersPerJob }, () => watchBySocket(channel));
    const [first] = await Promise.all(watching);
    for (const headers of [{ Upgrade: "websocket" }, {}] as HeadersInit[]) {
      const refused = await channel.fetch("https://darkroom.test/ws", { headers });
      expect([refused.status, await refused.text()]).toEqual([
        429,
        `${LIMITS.maxWatchersPerJob} watch this job already, which is the most.`,
      ]);
    }
    first?.socket.close(1000);
    await first?.closed;
    await watchBySocket(channel);
  }, 30_000);

  it("is sent the rows of only those tasks that changed", async () => {
    const channel = newChannel();
    const planned: ProgressEvent = { type: "planned", tasks: plannedTasks, atMs: 4_500 };
    await channel.record([videoAccepted, started("probe"), taskEnded("probe"), planned, started("chunk-1")]);
    const watcher = await watchBySocket(channel);
    await watcher.next();
    later(1_000);
    await channel.record([progressed("chunk-1", 1, 0.5)]);
    expect(await watcher.next()).toMatchObject({ tasks: [{ task_id: "chunk-1", percentage: 50 }] });
  });
});

describe("an event-stream watcher", () => {
  it("gets a snapshot, updates and the end as named events", async () => {
    const channel = newChannel();
    await channel.record([imageAccepted]);
    const watcher = await watchByStream(channel);
    expect(watcher.response.headers.get("Content-Type")).toContain("text/event-stream");
    expect(await watcher.next()).toMatchObject({
      id: 1,
      event: "snapshot",
      data: { status: "pending", sequence: 1 },
    });
    await channel.record([started("image")]);
    expect(await watcher.next()).toMatchObject({ id: 2, event: "update", data: { status: "processing" } });
    await channel.record([jobEnded("cancelled")]);
    expect(await watcher.next()).toMatchObject({ id: 3, event: "end", data: { status: "cancelled" } });
    expect(await watcher.next()).toBeNull();
  });

  it("goes on from the event that it saw last", async () => {
    const channel = newChannel();
    await channel.record([imageAccepted]);
    const first = await watchByStream(channel);
    const seen = await first.next();
    await first.leave();
    await channel.record([started("image")]);
    await channel.record([STAGE_1]);
    const second = await watchByStream(channel, seen?.id);
    expect(await second.next()).toMatchObject({ id: 2, event: "update", data: { status: "processing" } });
    expect(await second.next()).toMatchObject({
      id: 3,
      event: "update",
      data: { current_stage: "preprocessing" },
    });
    await channel.record([STAGE_2]);
    expect(await second.next()).toMatchObject({ id: 4, event: "update" });
    await second.leave();
  });

  it("goes on from there also when the object was evicted in between", async () => {
    const channel = newChannel();
    await channel.record([imageAccepted]);
    const first = await watchByStream(channel);
    const seen = await first.next();
    await first.leave();
    await channel.record([started("image")]);
    await evictDurableObject(channel);
    const second = await watchByStream(channel, seen?.id);
    expect(await second.next()).toMatchObject({ id: 2, event: "update", data: { status: "processing" } });
    await channel.record([STAGE_1]);
    expect(await second.next()).toMatchObject({ id: 3, event: "update" });
    await second.leave();
  });

  it("gets a snapshot when what it missed is no longer kept", async () => {
    const channel = newChannel();
    await channel.record([imageAccepted, started("image")]);
    for (let sequence = 1; sequence <= 220; sequence++) {
      later(1_000);
      await channel.record([progressed("image", sequence, sequence / 1_000)]);
    }
    const lagging = await watchByStream(channel, 3);
    expect(await lagging.next()).toMatchObject({ id: 221, event: "snapshot" });
    await lagging.leave();
    const close = await watchByStream(channel, 219);
    expect(await close.next()).toMatchObject({ id: 220, event: "update" });
    await close.leave();
  });

  it("resumes into the end, and is told to stay away once it has seen it", async () => {
    const channel = newChannel();
    await channel.record([imageAccepted]);
    await channel.record([started("image")]);
    await channel.record([jobEnded("completed")]);
    const watcher = await watchByStream(channel, 2);
    expect(await watcher.next()).toMatchObject({ id: 3, event: "end" });
    expect(await watcher.next()).toBeNull();
    const again = await watchByStream(channel, 3);
    expect(again.response.status).toBe(204);
  });

  it("of a retried job gets a snapshot of the new run, not the end of the old one", async () => {
    const channel = newChannel();
    await channel.record([imageAccepted]);
    await channel.record([jobEnded("failed")]);
    await channel.record([{ ...imageAccepted, atMs: 20_000 }]);
    for (const seen of [1, 2]) {
      const watcher = await watchByStream(channel, seen);
      expect(await watcher.next()).toMatchObject({ id: 3, event: "snapshot", data: { status: "pending" } });
      await watcher.leave();
    }
  });
});

describe("the watchdog", () => {
  const lease = { taskId: "image", leaseToken: "lease-image-1", attempt: 1 };

  it("takes a task back from a worker that fell silent", async () => {
    const channel = newChannel();
    const recover = vi.fn(async (_task: unknown) => {});
    await recoverWith(channel, recover);
    await channel.record([imageAccepted, started("image")]);
    later(LIMITS.heartbeatTimeoutMs);
    await runDurableObjectAlarm(channel);
    expect(recover.mock.calls).toEqual([[lease]]);
    expect(await channel.runningTasks()).toEqual([]);
  });

  it("leaves one alone that shows signs of life", async () => {
    const channel = newChannel();
    const recover = vi.fn(async (_task: unknown) => {});
    await recoverWith(channel, recover);
    await channel.record([imageAccepted, started("image")]);
    later(LIMITS.heartbeatTimeoutMs - 1);
    await channel.record([{ type: "heartbeat", taskId: "image", attempt: 1, atMs: 0 }]);
    later(LIMITS.heartbeatTimeoutMs - 1);
    await runDurableObjectAlarm(channel);
    expect(recover).not.toHaveBeenCalled();
    expect(await channel.runningTasks()).toMatchObject([lease]);
  });

  it("is not fooled by a late heartbeat of an older attempt, or a late start", async () => {
    const channel = newChannel();
    const recover = vi.fn(async (_task: unknown) => {});
    await recoverWith(channel, recover);
    await channel.record([imageAccepted, started("image"), started("image", 2), started("image")]);
    later(LIMITS.heartbeatTimeoutMs);
    await channel.record([{ type: "heartbeat", taskId: "image", attempt: 1, atMs: 0 }]);
    await runDurableObjectAlarm(channel);
    expect(recover.mock.calls).toEqual([[{ ...lease, leaseToken: "lease-image-2", attempt: 2 }]]);
  });

  it("tries again at the next alarm when a task could not be taken back", async () => {
    const channel = newChannel();
    const recover = vi.fn(async (_task: unknown) => {}).mockRejectedValueOnce(new Error("D1 is away"));
    await recoverWith(channel, recover);
    await channel.record([imageAccepted, started("image")]);
    later(LIMITS.heartbeatTimeoutMs);
    await runDurableObjectAlarm(channel);
    expect(await channel.runningTasks()).toMatchObject([lease]);
    later(5_000);
    expect(await runDurableObjectAlarm(channel)).toBe(true);
    expect(recover).toHaveBeenCalledTimes(2);
    expect(await channel.runningTasks()).toEqual([]);
  });

  it("survives an eviction", async () => {
    const channel = newChannel();
    await channel.record([imageAccepted, started("image")]);
    await evictDurableObject(channel);
    expect(await channel.runningTasks()).toMatchObject([lease]);
  });

  it.each<[string, ProgressEvent]>([
    ["the task", taskEnded("image")],
    ["the job", jobEnded("cancelled")],
  ])("stops watching when %s has ended", async (_, end) => {
    const channel = newChannel();
    await channel.record([imageAccepted, started("image"), end, started("image")]);
    expect(await channel.runningTasks()).toEqual([]);
  });
});

describe("a day after the end", () => {
  it("everything is forgotten, and not before", async () => {
    const channel = newChannel();
    await channel.record([imageAccepted, jobEnded("completed")]);
    later(DAY_MS - 1);
    await runDurableObjectAlarm(channel);
    expect(await channel.snapshot()).not.toBeNull();
    later(1);
    await runDurableObjectAlarm(channel);
    expect(await channel.snapshot()).toBeNull();
    expect(await runDurableObjectAlarm(channel)).toBe(false);
  });
});
