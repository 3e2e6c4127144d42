import { describe, expect, it } from "vitest";
import { planVideoTasks } from "../../src/processing/plan-video.ts";
import type { FileOutput } from "../../src/video/file-output.ts";
import { planFileParts, planParts } from "../../src/video/file-parts.ts";
import type { SourceDescription } from "../../src/video/source.ts";
import { sourceOf } from "./sources.ts";

const output: FileOutput = {
  ...{ format: "mp4", name: "a.mp4", allowEnlarge: false, crf: 23, audioKbps: 128 },
  encoderPreset: "fast",
};
const long: SourceDescription = { ...sourceOf({}), durationSeconds: 300 };
const job = { id: "job_1", priority: "normal", createdAt: 0, stages: ["analysis", "transcode"] } as const;

function tasksOf(source: SourceDescription, changes: Partial<FileOutput> = {}) {
  const planning = { chunkSeconds: 60, nowMs: 0 };
  return planVideoTasks(source, [{ ...output, ...changes }], { ...job, stages: [...job.stages] }, planning);
}

describe("a long file", () => {
  it("is encoded in chunks, its sound by itself, and stitched when all are done", () => {
    const { newTasks, newDependencies, stages } = tasksOf(long);
    const kinds = newTasks.map(({ kind }) => kind);
    expect(kinds).toEqual(["audio", "chunk", "chunk", "chunk", "chunk", "chunk", "stitch"]);
    const stitch = newTasks.at(-1);
    expect(stitch).toMatchObject({ outputNames: ["a.mp4"], lane: "container-long", state: "blocked" });
    expect(newDependencies.filter(({ taskId }) => taskId === stitch?.id)).toHaveLength(6);
    expect(stages).toEqual(["analysis", "audio", "transcode", "packaging"]);
    const single = tasksOf({ ...long, durationSeconds: 30 });
    expect(single.newTasks.map(({ kind }) => kind)).toEqual(["transcode"]);
    expect(single.stages).toEqual(["analysis", "transcode"]);
  });

  it("states that the file lies on the disk twice where it is stitched", () => {
    const whole = tasksOf(long, { startSeconds: 0, endSeconds: 299 }).newTasks[0];
    const stitch = tasksOf(long).newTasks.at(-1);
    expect(stitch?.diskBytes).toBeGreaterThan(1.9 * (whole?.diskBytes ?? 0));
    expect(stitch?.diskBytes).toBeGreaterThan(0);
  });

  it.each<[string, Partial<FileOutput>]>([
    ["cut", { startSeconds: 3 }],
    ["at another rate", { frameRate: 24 }],
    ["in another codec", { videoCodec: "h265" }],
    ["in WebM", { format: "webm", videoCodec: "vp9", audioCodec: "opus" }],
    ["with other sound", { audioCodec: "mp3" }],
    ["in two passes", { targetVideoKbps: 500, twoPass: true }],
    ["of a profile", { codecProfile: "baseline" }],
    ["with borders", { width: 400, height: 400, resizeMode: "pad" }],
  ])("that is %s is made in one piece", (_, changes) => {
    expect(tasksOf(long, changes).newTasks.map(({ kind }) => kind)).toEqual(["transcode"]);
    expect(() => planParts(long, { ...output, ...changes })).toThrow("in parts");
  });

  it("of a variable rate is made in one piece", () => {
    expect(
      planFileParts({ ...sourceOf({ variableFrameRate: true }), durationSeconds: 300 }, output),
    ).toBeUndefined();
  });

  it("that would be nothing is refused before anything is made", () => {
    expect(() => tasksOf(long, { videoCodec: "h265", startSeconds: 400 })).toThrow("lower start");
    const limits = { memoryBytes: 20_000_000 };
    expect(() => tasksOf(long, { limits })).toThrow("max_memory_mb");
  });

  it("has one rendition of its own size and rate", () => {
    const plan = planFileParts(long, { ...output, height: 720, maxVideoKbps: 900 });
    expect(plan?.renditions).toEqual([
      expect.objectContaining({ width: 1280, height: 720, maxrateKbps: 900 }),
    ]);
    expect(planFileParts(long, output)?.renditions[0]?.maxrateKbps).toBeUndefined();
  });
});
