import { describe, expect, it } from "vitest";
import { planChunks, rangeSeconds } from "../../src/video/chunk-plan.ts";
import { keyframeArgs } from "../../src/video/keyframe-args.ts";
import type { StreamOutput } from "../../src/video/output.ts";
import { pickFilters } from "../../src/video/pick-filters.ts";
import type { SourceDescription, VideoDescription } from "../../src/video/source.ts";
import { chunkArgs } from "../../src/video/stream-args.ts";
import { planStream } from "../../src/video/stream-plan.ts";
import { sourceOf } from "./sources.ts";

const ladder = (...sides: number[]): StreamOutput => ({
  format: "hls",
  name: "stream",
  variants: sides.map((shortSidePx) => ({ shortSidePx, videoKbps: 1000, audioKbps: 96 })),
  segmentSeconds: 6,
  crf: 22,
  encoderPreset: "veryfast",
});

function chunksOf(
  source: Partial<SourceDescription>,
  video: Partial<VideoDescription> = {},
  output = ladder(480, 720),
  maxChunkSeconds = 60,
) {
  const whole = { ...sourceOf(video), ...source };
  const plan = planStream(whole, output);
  const ranges = planChunks(whole, plan, maxChunkSeconds);
  return { ranges, seconds: ranges.map((range) => rangeSeconds(whole, plan, range)) };
}

describe("the chunks of a stream", () => {
  it.each<[string, Partial<SourceDescription>, Partial<VideoDescription>, number[]]>([
    ["a minute is one task", { durationSeconds: 60 }, {}, []],
    ["a little more is two", { durationSeconds: 61 }, {}, [36, 25]],
    ["they are as equal as whole segments allow", { durationSeconds: 185 }, {}, [48, 48, 42, 47]],
    ["the picture counts, not the sound", { durationSeconds: 300 }, { durationSeconds: 50 }, []],
    ["an unknown length is one task", { durationSeconds: 0 }, {}, []],
    ["MPEG-TS is searched", { durationSeconds: 120, container: "mpegts" }, {}, [60, 60]],
    [
      "MPEG-TS without a frame rate cannot be",
      { durationSeconds: 120, container: "mpegts" },
      { variableFrameRate: true },
      [],
    ],
    ["a program stream cannot be entered in the middle", { durationSeconds: 120, container: "mpeg" }, {}, []],
  ])("%s", (_, source, video, seconds) => {
    expect(chunksOf(source, video).seconds.map(Math.round)).toEqual(seconds);
  });

  it("cover the timeline, the last without an end", () => {
    const { ranges } = chunksOf({ durationSeconds: 3600 });
    expect(ranges).toHaveLength(60);
    expect(ranges[0]).toEqual({ first: 0, end: 10 });
    for (const [i, range] of ranges.entries()) expect(range.end).toBe(ranges[i + 1]?.first);
    expect(ranges.at(-1)?.end).toBeUndefined();
  });

  it("are shorter where more is to be done", () => {
    const heavy = { ...ladder(360, 480, 720, 1080, 1440, 2160), encoderPreset: "slow" as const };
    const { seconds } = chunksOf(
      { durationSeconds: 600 },
      { width: 3840, height: 2160, frameRate: 60 },
      heavy,
    );
    expect(Math.max(...seconds)).toBe(6);
    const lighter = chunksOf({ durationSeconds: 600 }, { width: 3840, height: 2160 }, ladder(1080, 2160));
    expect(Math.max(...lighter.seconds)).toBeLessThan(60);
  });

  it("can be made short by a deployment", () => {
    expect(chunksOf({ durationSeconds: 12 }, {}, { ...ladder(480), segmentSeconds: 2 }, 4).seconds).toEqual([
      4, 4, 4,
    ]);
  });
});

describe("the arguments of a chunk", () => {
  const setting = { inputUrl: "http://media.storage/in", threads: 2, toneMapping: true };
  const late = { ...sourceOf({ frameRateRatio: "30000/1001" }), startSeconds: 1.4 };

  it("seek to a keyframe before it and pick its frames by number, on the clock of the file", () => {
    const args = chunkArgs(planStream(late, ladder(480)), { first: 8, end: 16 }, 47.048, setting);
    const valueAfter = (option: string) => args[args.indexOf(option) + 1];
    expect(valueAfter("-ss")).toBe("47.048000");
    expect(args).toEqual(expect.arrayContaining(["-copyts", "-noaccurate_seek"]));
    expect(args.indexOf("-noaccurate_seek")).toBeLessThan(args.indexOf("-i"));
    expect(valueAfter("-filter_complex")).toContain(
      "[0:V:0]setpts=PTS-round(1.4/TB),fps=30000/1001,trim=start_pts=1428:end_pts=2880,scale=",
    );
    expect(valueAfter("-force_key_frames")).toBe("expr:not(mod(mod(n-12,180),60))");
  });

  it("take the first picture for all before it, when they begin with the file", () => {
    const { grid } = planStream(late, ladder(480));
    expect(pickFilters(grid, { first: 0, end: 8 }, true)).toEqual([
      "fps=30000/1001:start_time=0",
      "trim=end_pts=1440",
    ]);
    expect(pickFilters(grid, { first: 0 }, true)).toEqual(["fps=30000/1001:start_time=0"]);
  });

  it("go by time where frames have no numbers", () => {
    const { grid } = planStream(sourceOf({ variableFrameRate: true }), ladder(480));
    expect(pickFilters(grid, { first: 2, end: 4 }, false)).toEqual(["trim=start=11.6:end=24"]);
    const forced = keyframeArgs(grid, { first: 2, end: 4 }).at(-1);
    expect(forced).toBe("12.000000,14.000000,16.000000,18.000000,20.000000,22.000000");
  });
});
