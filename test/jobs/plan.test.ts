import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { estimateJob } from "../../src/jobs/estimate.ts";
import { finishTask } from "../../src/jobs/store/finish-task.ts";
import { ask, emptyStorage, keyFor, prepareDatabase, testEnv } from "../fixtures/app.ts";
import { claimOne, finished, START_MS, submit } from "../fixtures/jobs.ts";
import { sourceOf } from "../video/sources.ts";

let key: { Authorization: string };
beforeAll(async () => {
  await prepareDatabase();
  key = await keyFor("anna");
});
beforeEach(emptyStorage);

async function read(jobId: string, headers: Record<string, string> = key) {
  return await ask(`/v1/jobs/${jobId}/metadata`, { headers });
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

  it("is its owner's alone", async () => {
    const { job } = await submit({ owner: "bert" });
    expect((await read(job.id)).status).toBe(404);
    expect((await read("job_nothing")).status).toBe(404);
    expect((await read(job.id, {})).status).toBe(401);
  });
});
