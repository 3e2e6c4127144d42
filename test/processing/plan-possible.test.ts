import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { WATERMARK_DEFAULTS } from "../../src/image/watermark.ts";
import { failTask } from "../../src/jobs/store/fail-task.ts";
import { finishTask } from "../../src/jobs/store/finish-task.ts";
import { retryJob } from "../../src/jobs/store/retry-job.ts";
import { createSlot } from "../../src/processing/slot.ts";
import type { SourceDescription } from "../../src/video/source.ts";
import { emptyStorage, prepareDatabase, testEnv } from "../fixtures/app.ts";
import { claimOne, failure, finished, outputOf, rowsOf, submit } from "../fixtures/jobs.ts";
import { sourceOf } from "../video/sources.ts";
import { eventStream, openTranscoder } from "./transcoder-stand-in.ts";

const DB = testEnv.DB;

beforeAll(prepareDatabase);
beforeEach(emptyStorage);

const SETTINGS = { allowEnlarge: false, crf: 23, audioKbps: 128, encoderPreset: "fast" };
const file = (name: string, more: object = {}) => ({ format: "mp4", name, ...SETTINGS, ...more });
/** The source is 10 s long. */
const late = (name: string) => file(name, { startSeconds: 30 });
const sound = (name: string, more: object = {}) => ({
  format: "mp3",
  codec: "mp3",
  name,
  kbps: 128,
  ...more,
});
const PLACE = { position: { x: 0.5, y: 0.5 }, background: [255, 255, 255, 255] };
const still = (name: string) => ({
  format: "thumbnail",
  name,
  atSeconds: 1,
  image: { name, format: "jpeg", resizeMode: "fit", allowEnlarge: false, ...PLACE, quality: 80 },
});

type Output = { name: string };

const STAGES = '["analysis","transcode","thumbnails"]';

/** A video job whose probe is to run. */
async function submitProbe(outputs: Output[], { allowPartial = true, steps = [] as object[] } = {}) {
  const outputNames = outputs.map(({ name }) => name);
  const probe = { kind: "probe", lane: "container-short", spec: { outputs, steps }, outputNames } as const;
  const { job } = await submit({ kind: "video", createdAtMs: Date.now(), allowPartial, tasks: [probe] });
  await DB.prepare("UPDATE jobs SET stages = ?").bind(STAGES).run();
  return job.id;
}

/** Runs the one task that is ready in the short lane, which finds this source. */
async function runProbe(source: SourceDescription = sourceOf({})) {
  const running: Promise<unknown>[] = [];
  const transcoder = openTranscoder(async ({ kind }) =>
    kind === "probe"
      ? eventStream([{ type: "done", result: { kind: "probe", source } }])
      : new Response("full", { status: 503 }),
  );
  const slot = createSlot({
    env: testEnv,
    name: "slot-1",
    size: "standard",
    fetchTranscoder: transcoder.fetchTranscoder,
    waitUntil: (work) => running.push(work),
  });
  await slot.offer("container-short");
  for (let at = 0; at < running.length; at++) await running[at];
}

interface Task {
  kind: string;
  state: string;
  output_names: string;
}

async function tasks() {
  const rows = await rowsOf<Task>("tasks", "kind <> 'probe' ORDER BY kind, output_names");
  return rows.map(({ kind, output_names }) => `${kind} ${JSON.parse(output_names).join(" ")}`);
}

async function lost() {
  const rows = await rowsOf<{ name: string; failure: string }>("output_failures", "1 ORDER BY name");
  return rows.map(({ name, failure }) => `${name} ${JSON.parse(failure).code}`);
}

async function jobRow() {
  const [row] = await rowsOf<{ status: string; stages: string; error: string | null }>("jobs");
  return { status: row?.status, stages: JSON.parse(row?.stages ?? "[]"), error: row?.error ?? null };
}

describe("the plan of a video of which some outputs cannot be made", () => {
  it("has tasks for the others, and the lost ones are known with it", async () => {
    await submitProbe([file("a.mp4"), late("late.mp4"), sound("a.mp3")]);
    await runProbe();
    expect(await tasks()).toEqual(["sound a.mp3", "transcode a.mp4"]);
    expect(await lost()).toEqual(["late.mp4 impossible_output"]);
    expect(await rowsOf("tasks", "kind = 'probe'")).toMatchObject([{ state: "done" }]);
    expect(await jobRow()).toEqual({
      status: "processing",
      stages: ["analysis", "audio", "transcode"],
      error: null,
    });
  });

  it("has only the stages that are left", async () => {
    await submitProbe([late("late.mp4"), still("a.jpg")]);
    await runProbe();
    expect((await jobRow()).stages).toEqual(["analysis", "thumbnails"]);
  });

  it("loses what was to become of them with them: marked copies and deliveries", async () => {
    const watermark = { ...WATERMARK_DEFAULTS, mediaId: "med_logo" };
    const destination = { destinationId: "dst_1", destinationName: "default" };
    const steps = [{ watermark }, { ship: destination }];
    await submitProbe([file("a.mp4"), late("late.mp4"), sound("late.mp3", { startSeconds: 30 })], { steps });
    await runProbe();
    expect(await tasks()).toEqual([
      "ship ship:watermarked_a.mp4",
      "transcode a.mp4",
      "watermark watermarked_a.mp4",
    ]);
    expect(await lost()).toEqual(
      ["late.mp3", "late.mp4", "ship:late.mp3", "ship:watermarked_late.mp4", "watermarked_late.mp4"].map(
        (name) => `${name} impossible_output`,
      ),
    );
  });

  it("is none when nothing can be made: the job fails, and its letter says why", async () => {
    await submitProbe([late("late.mp4"), late("later.mp4")]);
    await runProbe();
    expect(await tasks()).toEqual([]);
    expect(await jobRow()).toMatchObject({ status: "failed", error: expect.stringMatching(/late\.mp4/) });
    expect(await lost()).toEqual(["late.mp4 impossible_output", "later.mp4 impossible_output"]);
    expect(await rowsOf("dead_letters")).toMatchObject([{ code: "impossible_output", resolution: null }]);
  });

  it("is none where the job allows no partial results", async () => {
    await submitProbe([file("a.mp4"), late("late.mp4")], { allowPartial: false });
    await runProbe();
    expect(await tasks()).toEqual([]);
    expect(await jobRow()).toMatchObject({ status: "failed" });
    expect(await lost()).toEqual([]);
  });

  it("costs a file without picture its pictures only", async () => {
    const { video: _none, ...soundOnly } = sourceOf({});
    await submitProbe([file("a.mp4"), sound("a.mp3")]);
    await runProbe(soundOnly);
    expect(await tasks()).toEqual(["sound a.mp3"]);
    expect(await lost()).toEqual(["a.mp4 no_video_stream"]);
    expect((await jobRow()).stages).toEqual(["analysis", "audio"]);
    expect(await rowsOf("media")).toMatchObject([{ status: "ready" }]);
  });
});

describe("a retry of it", () => {
  const outputs = [file("a.mp4"), late("late.mp4")];

  /** The first run, to its end: the file was made, or not. */
  async function firstRun(isMade: boolean): Promise<string> {
    const jobId = await submitProbe(outputs);
    await runProbe();
    const maker = await claimOne(Date.now(), "container-long");
    if (isMade) {
      const made = finished([outputOf(maker, "a.mp4")], { allowPartial: true });
      await finishTask(DB, maker.lease, made, Date.now());
    } else {
      await failTask(DB, maker.lease, failure("codec"), { retry: false, reason: "exhausted" }, Date.now());
    }
    expect(await jobRow()).toMatchObject({ status: isMade ? "completed" : "failed" });
    return jobId;
  }

  it("looks at the source again, plans nothing twice, and completes as before", async () => {
    const jobId = await firstRun(true);
    expect(await retryJob(DB, jobId, Date.now())).toMatchObject({ retried: true, run: 2 });
    await runProbe();
    expect(await tasks()).toEqual(["transcode a.mp4"]);
    expect(await lost()).toEqual(["late.mp4 impossible_output"]);
    expect(await rowsOf("jobs")).toMatchObject([
      { status: "completed", run: 2, stages: '["analysis","transcode"]' },
    ]);
  });

  it("tries what failed beside it, and plans what has become possible", async () => {
    const jobId = await firstRun(false);
    await retryJob(DB, jobId, Date.now());
    const longer = { ...sourceOf({}), durationSeconds: 40 };
    await runProbe(longer);
    expect(await tasks()).toEqual(["transcode a.mp4", "transcode late.mp4"]);
    expect(await lost()).toEqual([]);
    expect(await rowsOf("tasks", "state = 'ready'")).toHaveLength(2);
  });

  it("that cannot look at it again does not count as lost what another task is making", async () => {
    const jobId = await firstRun(false);
    await retryJob(DB, jobId, Date.now());
    const maker = await claimOne(Date.now(), "container-long");
    const probe = await claimOne(Date.now(), "container-short");
    const giveUp = { retry: false, reason: "exhausted" } as const;
    await failTask(DB, probe.lease, failure("transient"), giveUp, Date.now());
    expect(await lost()).toEqual(["late.mp4 storage_failed"]);
    const made = finished([outputOf(maker, "a.mp4")], { allowPartial: true });
    expect(await finishTask(DB, maker.lease, made, Date.now())).toMatchObject({ jobCompleted: true });
    expect(await lost()).toEqual(["late.mp4 storage_failed"]);
  });

  it("whose first look failed plans the job with all its stages", async () => {
    const jobId = await submitProbe([file("a.mp4"), sound("a.mp3")]);
    const probe = await claimOne(Date.now(), "container-short");
    const giveUp = { retry: false, reason: "exhausted" } as const;
    await failTask(DB, probe.lease, failure("transient"), giveUp, Date.now());
    await retryJob(DB, jobId, Date.now());
    await runProbe();
    expect(await tasks()).toEqual(["sound a.mp3", "transcode a.mp4"]);
    expect((await jobRow()).stages).toContain("audio");
  });
});
