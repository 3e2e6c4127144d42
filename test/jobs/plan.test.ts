import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { estimateJob } from "../../src/jobs/estimate.ts";
import { planDocument } from "../../src/jobs/plan-document.ts";
import { finishTask } from "../../src/jobs/store/finish-task.ts";
import type { VideoDescription } from "../../src/video/source.ts";
import { ask, emptyStorage, keyFor, prepareDatabase, testEnv } from "../fixtures/app.ts";
import { claimOne, finished, START_MS, submit } from "../fixtures/jobs.ts";
import { sourceOf } from "../video/sources.ts";

let key: { Authorization: string };
beforeAll(async () => {
  await prepareDatabase();
  key = await keyFor("anna");
});
beforeEach(emptyStorage);

async function read(jobId: string, headers: Record<string, string> = key, query = "") {
  return await ask(`/v1/jobs/${jobId}/metadata${query}`, { headers });
}

/** Every name in a document. */
function namesIn(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  const own = Array.isArray(value) ? [] : Object.keys(value);
  return [...own, ...Object.values(value).flatMap(namesIn)];
}

describe("the metadata of a job", () => {
  it("says what was learned of its input, what is done with it, and what its estimate went by", async () => {
    const estimate = estimateJob(
      { kind: "image", sizeBucket: 4, outputCount: 1, lane: "edge" },
      200,
      { run: [100, 120], dispatch: [10], waitPerTask: [] },
      3,
    );
    const spec = { outputs: [{ name: "thumbnail.webp", width: 150 }], probe: { width: 640, height: 480 } };
    const { job, tasks } = await submit({
      estimate,
      media: { metadata: { width: 640, height: 480, format: "jpeg" } },
      tasks: [{ spec }],
    });
    const answer = await read(job.id);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      job_id: job.id,
      input: { media_id: job.mediaId, metadata: { width: 640, format: "jpeg" } },
      plan: {
        stages: [
          { stage: "validation", weight: 10.6 },
          { stage: "resize_operations", weight: 85.1 },
          { stage: "finalization", weight: 4.3 },
        ],
        tasks: [
          {
            task_id: tasks[0]?.id,
            kind: "image",
            lane: "edge",
            stage: "validation",
            state: "ready",
            attempts: 0,
            depends_on: [],
            does: { outputs: [{ name: "thumbnail.webp", width: 150 }] },
          },
        ],
      },
      estimates: {
        actual_duration: null,
        basis: { source: "history", similar_jobs: 2, tasks_ahead: 3, lane: "edge" },
      },
    });
    await finishTask(testEnv.DB, (await claimOne()).lease, finished(), START_MS + 1_500);
    expect(await (await read(job.id)).json()).toMatchObject({
      estimates: { actual_duration: 1.5, estimated_duration: 0.2 },
      plan: { tasks: [{ state: "done", attempts: 1 }] },
    });
  });

  it("shows the order of tasks and the ladder of a stream, and nothing of where things lie", async () => {
    const output = {
      format: "hls",
      name: "stream",
      variants: [
        { shortSidePx: 480, videoKbps: 1400, audioKbps: 96 },
        { shortSidePx: 720, videoKbps: 2800, audioKbps: 128 },
      ],
      segmentSeconds: 6,
      crf: 23,
      encoderPreset: "veryfast",
    };
    const logo = { objectKey: "media/med_x/original", inputUrl: "http://inside", opacity: 0.5 };
    const { job } = await submit({
      kind: "video",
      tasks: [
        { id: "tsk_a", kind: "stream", lane: "container-long", spec: { output, source: sourceOf({}), logo } },
        { id: "tsk_b", kind: "package", lane: "io", spec: { name: "stream" }, dependsOn: ["tsk_a"] },
      ],
    });
    const document = await (await read(job.id)).json<{ plan: { tasks: Record<string, unknown>[] } }>();
    const [stream, packaging] = document.plan.tasks;
    expect(packaging).toMatchObject({ depends_on: ["tsk_a"], state: "blocked", does: { name: "stream" } });
    expect(stream).toMatchObject({ does: { output: { name: "stream" }, logo: { opacity: 0.5 } } });
    expect(JSON.stringify(document)).not.toMatch(/objectKey|med_x|inside|lease/);
    expect(stream?.renditions).toMatchObject([
      { id: "480p", height: 480, video_kbps: 1400, audio_kbps: 96 },
      { id: "720p", height: 720, video_kbps: 2800, audio_kbps: 128 },
    ]);
    expect(stream?.does).not.toHaveProperty("source");
  });

  it("tells in snake case, as the reference says, what each task runs and why the ladder is what it is", async () => {
    const complexity = {
      samples: 5,
      points: [
        { crf: 20, bitsPerPixel: 0.003, ssim: 1 },
        { crf: 32, bitsPerPixel: 0.0029, ssim: 1 },
      ],
    };
    const source = sourceOf({ complexity } as Partial<VideoDescription>);
    const output = {
      ...{ format: "hls", name: "stream", segmentSeconds: 6, crf: 22, encoderPreset: "veryfast" },
      contentAware: true,
      variants: [480, 1080, 2160].map((shortSidePx) => ({ shortSidePx, videoKbps: 4000, audioKbps: 96 })),
    };
    const file = { format: "mp4", name: "web.mp4", allowEnlarge: false, crf: 23, audioKbps: 96 };
    const film = { ...file, encoderPreset: "fast", keyframeSeconds: 2 };
    const { job } = await submit({
      kind: "video",
      media: { kind: "video", metadata: source, objectKey: "media/med_secret/original" },
      tasks: [
        { id: "tsk_a", kind: "chunk", spec: { output, source, range: { first: 1, end: 2 } } },
        { id: "tsk_b", kind: "chunk", spec: { output, source, range: { first: 2 } } },
        { id: "tsk_c", kind: "transcode", spec: { output: film, source } },
        { id: "tsk_d", kind: "transcode", spec: { written: "by another version" } },
      ],
    });
    const text = await (await read(job.id)).text();
    const answer = JSON.parse(text);
    expect(planDocument.parse(answer)).toEqual(answer);
    const { components } = await (await ask("/openapi.json")).json<{ components: { schemas: object } }>();
    expect(components.schemas).toMatchObject({
      JobMetadata: { properties: { plan: { properties: { ladders: {} } } } },
      Ladder: { properties: { rungs: { items: { properties: { short_side_px: {}, reason: {} } } } } },
    });
    expect(namesIn(answer).filter((name) => name !== name.toLowerCase())).toEqual([]);
    expect(text).not.toMatch(/med_secret|https?:\/\//);
    const [chunk, last, transcode, unknown] = answer.plan.tasks;
    expect(chunk.chunk).toEqual({ first_segment: 1, end_segment: 2, start: 6, duration: 6 });
    expect(last.chunk).toMatchObject({ first_segment: 2, end_segment: null, start: 12 });
    expect(chunk.commands).toHaveLength(1);
    expect(chunk.commands[0]).toMatchObject({ step: "encoding", program: "ffmpeg" });
    expect(chunk.commands[0].args.join(" ")).toMatch(/-threads \{threads\} -ss 5\.000000 .*-i \{input\}/);
    expect(transcode.does.output).toMatchObject({ keyframe_seconds: 2, encoder_preset: "fast" });
    expect(transcode.commands[0].args.at(-1)).toBe("{folder}/output.mp4");
    expect(unknown.commands).toEqual([]);
    expect(answer.plan.ladders).toMatchObject([
      {
        output: "stream",
        source: { width: 1920, height: 1080, frame_rate: 30, bitrate_kbps: null },
        complexity: { state: "measured", crf_change: 10, rate_share: 0.4 },
        rungs: [
          { short_side_px: 480, rendition: "480p", video_kbps: 1600, crf: 32 },
          { short_side_px: 1080, rendition: "1080p", video_kbps: 1600 },
          { short_side_px: 2160, rendition: null, reason: expect.stringMatching(/^Left out: larger than/) },
        ],
      },
    ]);
    const one = await (await read(`${job.id}`, key, "?task_id=tsk_c")).json<{ plan: { tasks: object[] } }>();
    expect(one.plan.tasks).toMatchObject([{ task_id: "tsk_c" }]);
    expect((await read(job.id, key, "?task_id=tsk_none")).status).toBe(404);
    expect((await read(job.id, key, "?task=tsk_c")).status).toBe(422);
  });

  it("of very many tasks tells what one runs when asked for it", async () => {
    const spec = { source: sourceOf({}), output: { format: "analysis", name: "found.json" } };
    const tasks = Array.from({ length: 101 }, (_, i) => ({
      ...{ id: `tsk_${String(i).padStart(3, "0")}`, kind: "analysis" as const, spec },
    }));
    const { job } = await submit({ kind: "video", tasks });
    const all = await (await read(job.id)).json<{ plan: { tasks: { commands?: object[] }[] } }>();
    expect(all.plan.tasks).toHaveLength(101);
    expect(all.plan.tasks.filter(({ commands }) => commands !== undefined)).toEqual([]);
    const one = await (await read(job.id, key, "?task_id=tsk_100")).json<typeof all>();
    expect(one.plan.tasks[0]?.commands).toHaveLength(1);
  });

  it("is its owner's alone", async () => {
    const { job } = await submit({ owner: "bert" });
    expect((await read(job.id)).status).toBe(404);
    expect((await read("job_nothing")).status).toBe(404);
    expect((await read(job.id, {})).status).toBe(401);
  });
});
