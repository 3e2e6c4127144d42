import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { attemptPrefix } from "../../src/jobs/claimed-task.ts";
import { createSlot } from "../../src/processing/slot.ts";
import type { TaskEvent, TaskRequest } from "../../src/video/protocol.ts";
import { emptyStorage, prepareDatabase, storedKeys, testEnv } from "../fixtures/app.ts";
import { claim, rowsOf, submit } from "../fixtures/jobs.ts";
import { eventStream, later, openTranscoder } from "./transcoder-stand-in.ts";

const SHORT = "container-short";
const LONG = "container-long";
const THUMBNAIL = {
  output: {
    format: "thumbnail",
    name: "still.jpg",
    atSeconds: 1,
    image: {
      name: "still.jpg",
      format: "jpeg",
      resizeMode: "fit",
      allowEnlarge: false,
      position: { x: 0.5, y: 0.5 },
      background: [255, 255, 255, 255],
      quality: 80,
    },
  },
  source: { container: "mov,mp4", durationSeconds: 3, startSeconds: 0, audio: [], subtitles: [] },
};

beforeAll(prepareDatabase);
beforeEach(emptyStorage);

function openSlot(transcoder = openTranscoder()) {
  const running: Promise<unknown>[] = [];
  const slot = createSlot({
    env: testEnv,
    name: "slot-1",
    size: "standard",
    fetchTranscoder: transcoder.fetchTranscoder,
    waitUntil: (work) => running.push(work),
  });
  /** Resolves when the slot has nothing more to do: each task that ends may begin another. */
  async function idle(): Promise<void> {
    for (let at = 0; at < running.length; at++) await running[at];
  }
  return { slot, idle, running, transcoder: transcoder.world };
}

async function submitTask(lane: typeof SHORT | typeof LONG = SHORT) {
  const { tasks } = await submit({
    kind: "video",
    createdAtMs: Date.now(),
    tasks: [{ kind: "thumbnail", lane, spec: THUMBNAIL }],
  });
  return tasks[0]?.id ?? "";
}

/** Stores the file as the transcoder would, and says so. */
async function done(bytesSaid = 4): Promise<TaskEvent> {
  const [task] = await rowsOf<{ id: string; job_id: string; attempt: number }>("tasks", "state = 'leased'");
  const prefix = attemptPrefix({
    jobId: task?.job_id ?? "",
    taskId: task?.id ?? "",
    attempt: task?.attempt ?? 0,
  });
  await testEnv.MEDIA.put(`${prefix}still.jpg`, "1234");
  const file = { name: "still.jpg", path: "still.jpg", type: "image/jpeg", bytes: bytesSaid, sha256: "ab" };
  return { type: "done", result: { kind: "files", files: [file], notes: [] } };
}

const PROGRESS: TaskEvent = { type: "progress", fraction: 0.5, operation: "extracting" };

describe("a slot", () => {
  it("claims a task, runs it and finishes it", async () => {
    const taskId = await submitTask();
    const { slot, idle, transcoder } = openSlot(
      openTranscoder(async () => eventStream([PROGRESS, { type: "heartbeat" }, await done()])),
    );
    expect(await slot.offer(SHORT)).toEqual({ answer: "taken" });
    await idle();
    expect(await rowsOf("jobs")).toMatchObject([{ status: "completed" }]);
    expect(await rowsOf("outputs")).toMatchObject([{ name: "still.jpg", bytes: 4 }]);
    expect(await rowsOf("attempts")).toMatchObject([{ worker_id: "slot-1", outcome: "done" }]);
    expect(transcoder.requests).toMatchObject([{ kind: "thumbnail", attemptId: `slot-1.${taskId}.1` }]);
    expect(JSON.stringify(transcoder.requests)).not.toContain("lease");
  });

  it("claims the next task by itself, until there is none", async () => {
    for (let n = 0; n < 5; n++) await submitTask();
    const { slot, idle, transcoder } = openSlot(openTranscoder(async () => eventStream([await done()])));
    await slot.offer(SHORT);
    await idle();
    expect(await rowsOf("jobs", "status = 'completed'")).toHaveLength(5);
    expect(transcoder.requests).toHaveLength(5);
  });

  it("has room for two short tasks and a long one", async () => {
    for (let n = 0; n < 3; n++) await submitTask(SHORT);
    for (let n = 0; n < 2; n++) await submitTask(LONG);
    const gate = later<void>();
    const { slot, idle } = openSlot(
      openTranscoder(async () => {
        await gate.promise;
        return eventStream([{ type: "error", code: "corrupt_input", message: "No." }]);
      }),
    );
    const answers = [];
    for (const lane of [SHORT, SHORT, SHORT, LONG, LONG] as const)
      answers.push((await slot.offer(lane)).answer);
    expect(answers).toEqual(["taken", "taken", "busy", "taken", "busy"]);
    expect(await rowsOf("tasks", "state = 'leased'")).toHaveLength(3);
    gate.resolve();
    await idle();
    expect(await rowsOf("jobs", "status = 'failed'")).toHaveLength(5);
  });

  it("says that there is nothing, or when there will be", async () => {
    const { slot } = openSlot();
    expect(await slot.offer(SHORT)).toEqual({ answer: "empty", nextAtMs: undefined });
    await submitTask();
    const atMs = Date.now() + 60_000;
    await testEnv.DB.prepare("UPDATE tasks SET available_at = ?").bind(atMs).run();
    expect(await slot.offer(SHORT)).toEqual({ answer: "empty", nextAtMs: atMs });
  });

  it.each([
    ["cannot be reached", new Error("connection refused")],
    ["is draining", { ...(openTranscoder().health as object), state: "draining" }],
    ["answers nonsense", { state: "fine" }],
  ])("claims nothing while its transcoder %s", async (_, health) => {
    await submitTask();
    const { slot, transcoder } = openSlot();
    transcoder.health = health as Error;
    expect(await slot.offer(SHORT)).toEqual({ answer: "unavailable" });
    expect(await slot.isReachable()).toBe(false);
    expect(await rowsOf("attempts")).toEqual([]);
    expect((await claim(Date.now(), SHORT)).claimed).toBeDefined();
  });

  it("stops what an earlier life left running, and nothing of others", async () => {
    const { slot, transcoder } = openSlot();
    const running = ["slot-1.tsk_old.1", "slot-2.tsk_b.1", "derivative.x"];
    transcoder.health = { ...(transcoder.health as object), running } as never;
    expect(await slot.isReachable()).toBe(true);
    expect(transcoder.cancelled).toEqual(["slot-1.tsk_old.1"]);
  });
});

describe("a task that fails in the container", () => {
  it("for good fails its job with the words it was given, and keeps the others' private", async () => {
    await submitTask();
    const error = {
      type: "error",
      code: "corrupt_input",
      message: "It is damaged.",
      detail: "stderr",
    } as const;
    const { slot, idle } = openSlot(openTranscoder(() => eventStream([error])));
    await slot.offer(SHORT);
    await idle();
    const [job] = await rowsOf<{ status: string; error: string }>("jobs");
    expect(job?.status).toBe("failed");
    expect(JSON.parse(job?.error ?? "")).toMatchObject({
      code: "corrupt_input",
      class: "input",
      message: "It is damaged.",
      failedStage: "thumbnails",
      detail: "stderr",
    });
  });

  it("while its end was not heard is asked for it", async () => {
    await submitTask();
    const { slot, idle, transcoder } = openSlot(
      openTranscoder(async () => {
        transcoder.polls.push(await done());
        return eventStream([PROGRESS], true);
      }),
    );
    await slot.offer(SHORT);
    await idle();
    expect(await rowsOf("jobs")).toMatchObject([{ status: "completed" }]);
    expect(transcoder.requests).toHaveLength(1);
  });

  it("with its container is lost, which is not its fault", async () => {
    await submitTask();
    const answers = [() => eventStream([PROGRESS], true), async () => eventStream([await done()])];
    const { slot, idle } = openSlot(
      openTranscoder(async () => await (answers.shift() as () => Promise<Response>)()),
    );
    await slot.offer(SHORT);
    await idle();
    expect(await rowsOf("tasks")).toMatchObject([{ state: "done", system_failures: 1, counted_failures: 0 }]);
    expect(await rowsOf("attempts", "1 ORDER BY number")).toMatchObject([
      { outcome: "lost" },
      { outcome: "done" },
    ]);
  });

  it("is lost as often as it takes while the rest of its job gets done, and ten times in a row for good", async () => {
    const taskId = await submitTask();
    const [{ job_id: jobId } = { job_id: "" }] = await rowsOf<{ job_id: string }>("tasks");
    const lose = async () => {
      await testEnv.DB.prepare("UPDATE tasks SET available_at = 0 WHERE state = 'ready'").run();
      const { slot, idle } = openSlot(openTranscoder(() => eventStream([PROGRESS], true)));
      await slot.offer(SHORT);
      await idle();
      return (await rowsOf<{ state: string; system_failures: number }>("tasks", `id = '${taskId}'`))[0];
    };
    for (let losses = 0; (await rowsOf("tasks", "system_failures = 9")).length === 0; losses++) {
      if (losses > 20) throw new Error("it is not counted");
      await lose();
    }
    // A sibling is done: the job moves.
    await testEnv.DB.prepare(
      `INSERT INTO tasks (id, job_id, kind, lane, state, rank, spec, available_at, created_at, finished_at)
       VALUES ('tsk_sibling', ?, 'chunk', 'container-long', 'done', 0, '{}', 0, 0, ?)`,
    )
      .bind(jobId, Date.now() + 1)
      .run();
    // It counts as the first, after which there is no pause: the slot loses it once more.
    expect(await lose()).toMatchObject({ state: "ready", system_failures: 2 });
    await testEnv.DB.prepare("UPDATE tasks SET finished_at = 1 WHERE id = 'tsk_sibling'").run();
    while ((await rowsOf("tasks", `id = '${taskId}' AND state = 'ready'`)).length > 0) await lose();
    expect(await rowsOf("tasks", `id = '${taskId}'`)).toMatchObject([{ state: "failed" }]);
    expect(await rowsOf("jobs")).toMatchObject([{ status: "failed" }]);
  });

  it.each([409, 500])("is tried again later when it is refused with %i", async (status) => {
    await submitTask();
    const { slot, idle } = openSlot(openTranscoder(() => new Response("no", { status })));
    await slot.offer(SHORT);
    await idle();
    expect(await rowsOf("tasks")).toMatchObject([{ state: "ready", attempt: 1, counted_failures: 1 }]);
  });

  it("waits when its transcoder has no room, and spends none of its attempts on it", async () => {
    await submitTask();
    const { slot, idle, transcoder } = openSlot(openTranscoder(() => new Response("full", { status: 503 })));
    await slot.offer(SHORT);
    await idle();
    expect(transcoder.requests).toHaveLength(1);
    const [task] = await rowsOf<{ available_at: number; counted_failures: number }>("tasks");
    expect(task).toMatchObject({ state: "ready", counted_failures: 0, system_failures: 0 });
    expect(task?.available_at).toBeGreaterThan(Date.now());
  });

  it("and reported a file that is not whole in storage leaves no trace of it", async () => {
    await submitTask();
    const { slot, idle } = openSlot(openTranscoder(async () => eventStream([await done(5)])));
    await slot.offer(SHORT);
    await idle();
    expect(await rowsOf("outputs")).toEqual([]);
    expect(await rowsOf("attempts")).toMatchObject([{ outcome: "failed", swept_at: expect.any(Number) }]);
    expect(await storedKeys("outputs/")).toEqual([]);
  });

  it("is stopped on demand, in the container too", async () => {
    const taskId = await submitTask();
    const started = later<TaskRequest>();
    const { slot, idle, transcoder } = openSlot(
      openTranscoder((request) => {
        started.resolve(request);
        return new Promise(() => {});
      }),
    );
    await slot.offer(SHORT);
    await started.promise;
    expect(slot.stop(taskId, 1)).toBe(true);
    await idle();
    expect(slot.stop(taskId, 1)).toBe(false);
    expect(transcoder.cancelled).toEqual([`slot-1.${taskId}.1`]);
  });
});
