import { describe, expect, it } from "vitest";
import { planVideoTasks } from "../../src/processing/plan-video.ts";
import type { StreamOutput } from "../../src/video/output.ts";
import { commandsOf } from "../../src/video/task-commands.ts";
import { sourceOf } from "../video/sources.ts";

const { video: _, ...talk } = { ...sourceOf({}), durationSeconds: 7_200 };
const stream: StreamOutput = {
  ...{ format: "adaptive", name: "talk", segmentSeconds: 6, crf: 23, encoderPreset: "fast" },
  variants: [
    { shortSidePx: 360, videoKbps: 750, audioKbps: 96 },
    { shortSidePx: 720, videoKbps: 2500, audioKbps: 128 },
  ],
};
const STAGES = ["analysis", "transcode", "packaging"] as const;
const plan = (output: StreamOutput, source = talk) =>
  planVideoTasks(
    source,
    [output],
    { id: "job_1", priority: "normal", createdAt: 0, stages: [...STAGES] },
    { chunkSeconds: 60, nowMs: 0 },
  );

describe("an adaptive stream of a file with sound alone", () => {
  it("is one task for the sound, whatever its length, and packaging, with no stage for a picture", () => {
    const { newTasks, newDependencies, stages } = plan(stream);
    expect(newTasks.map(({ kind }) => kind)).toEqual(["audio", "package"]);
    expect(newDependencies).toHaveLength(1);
    expect(newTasks[1]?.spec).toMatchObject({ soundAlone: true });
    expect(stages).toEqual(["analysis", "audio", "packaging"]);
  });

  it("has every track at the best rate of the ladder", () => {
    const [command] = commandsOf("audio", plan(stream).newTasks[0]?.spec, undefined);
    expect(command?.args.join(" ")).toContain("-map 0:a:0");
    expect(command?.args.join(" ")).toContain("-b:a 128k");
  });

  it("is refused where there is nothing to hear, or something to be seen", () => {
    expect(() => plan(stream, { ...talk, audio: [] })).toThrow(
      expect.objectContaining({ code: "no_audio_stream" }),
    );
    const mute = { codec: "unknown", channels: 2, sampleRate: 48_000 };
    expect(() => plan(stream, { ...talk, audio: [mute] })).toThrow(
      expect.objectContaining({ code: "no_audio_stream" }),
    );
    const watermark = {} as NonNullable<StreamOutput["watermark"]>;
    expect(() => plan({ ...stream, watermark })).toThrow(
      expect.objectContaining({ code: "no_video_stream" }),
    );
  });
});
