import { describe, expect, it } from "vitest";
import { CONTAINERS, FILE_FORMATS, VIDEO_CODEC_RULES, VIDEO_CODECS } from "../../src/video/codecs.ts";
import { translateCrf } from "../../src/video/crf.ts";
import { encoderChain } from "../../src/video/encoder-chain.ts";
import { WANTED_ENCODERS } from "../../src/video/encoders.ts";
import { fileArgs, firstPassArgs } from "../../src/video/file-args.ts";
import type { FileOutput } from "../../src/video/file-output.ts";
import { planFile } from "../../src/video/file-plan.ts";
import { fitsLevel, LEVELS, levelLimits } from "../../src/video/levels.ts";
import { PLATFORM_NAMES, platformRules } from "../../src/video/platforms.ts";
import { sourceOf } from "./sources.ts";

const setting = { inputUrl: "http://media.storage/in", threads: 2, toneMapping: true };
const base: FileOutput = {
  ...{ format: "mp4", name: "a.mp4", allowEnlarge: false, crf: 23, audioKbps: 128 },
  encoderPreset: "fast",
};

function argsOf(changes: Partial<FileOutput>, source = sourceOf({}), pass?: { number: 2; logFile: string }) {
  const output = { ...base, ...changes };
  const [choice] = encoderChain(output, WANTED_ENCODERS);
  if (choice === undefined) throw new Error("There is an encoder.");
  return fileArgs(planFile(source, output), choice, setting, "o", pass).join(" ");
}

describe("arguments for a file", () => {
  it.each<[string, Partial<FileOutput>, string]>([
    ["x264", {}, "-c:v libx264 -preset fast -crf 23 -profile:v high -pix_fmt yuv420p -threads 2"],
    ["a capped CRF", { maxVideoKbps: 900 }, "-crf 23 -maxrate 900k -bufsize 1800k"],
    ["a target", { targetVideoKbps: 700, bufferKbits: 900 }, "-b:v 700k -maxrate 700k -bufsize 900k"],
    [
      "a level and tune",
      { level: "4.0", tune: "film" },
      "-tune film -crf 23 -maxrate 25000k -bufsize 50000k",
    ],
    ["x265", { videoCodec: "h265" }, "-c:v libx265 -preset fast -crf 23 -profile:v main"],
    ["x265 in MP4", { videoCodec: "h265" }, "-tag:v hvc1"],
    [
      "VP9",
      { videoCodec: "vp9", format: "webm" },
      "-c:v libvpx-vp9 -deadline good -cpu-used 3 -row-mt 1 -crf 23 -b:v 0k",
    ],
    ["a quick VP9", { videoCodec: "vp9", encoderPreset: "ultrafast" }, "-deadline realtime -cpu-used 8"],
    ["AV1", { videoCodec: "av1" }, "-c:v libsvtav1 -preset 9 -crf 23 -pix_fmt yuv420p -svtav1-params lp=2"],
    ["ten bits", { videoCodec: "vp9", pixelFormat: "yuv420p10le" }, "-profile:v 2 -pix_fmt yuv420p10le"],
    ["keyframes", { keyframeSeconds: 2 }, "-g 60"],
    ["keyframes at another rate", { keyframeSeconds: 2, frameRate: 24 }, "-g 48"],
    ["NTSC", { frameRate: 29.97 }, "fps=30000/1001"],
    ["Opus", { audioCodec: "opus", audioChannels: 1 }, "-c:a libopus -b:a 128k -ac 1 -ar 48000"],
    ["MP3", { audioCodec: "mp3", audioSampleRate: 22_050 }, "-c:a libmp3lame -b:a 128k -ac 2 -ar 22050"],
    ["a cut", { startSeconds: 2, endSeconds: 5 }, "-ss 1.999400 -t 3.000000 -i http://media.storage/in"],
    ["the grid after a cut", { startSeconds: 2 }, "fps=30:start_time=0"],
    ["WebM", { format: "webm", videoCodec: "vp9" }, "-cues_to_front 1 -f webm o"],
    ["TS", { format: "ts" }, "-f mpegts o"],
    ["the index in front", {}, "-movflags +faststart -f mp4 o"],
    ["a pad", { width: 400, height: 400, resizeMode: "pad" }, "pad=400:400:0:88:color=0x000000"],
    ["a crop", { width: 200, height: 200, resizeMode: "crop" }, "crop=iw*0.562500:ih*1.000000:iw*0.218750"],
    ["a stretch to odd sides", { width: 201, height: 99, resizeMode: "fill" }, "scale=200:98"],
  ])("%s", (_, changes, expected) => {
    expect(argsOf(changes)).toContain(expected);
  });

  it("of a source that is left as it is do not touch its times", () => {
    expect(argsOf({})).not.toMatch(/fps=|setpts| -ss | -t /);
  });

  it("of two passes name the same log, and the first writes nothing", () => {
    const output = { ...base, targetVideoKbps: 500, twoPass: true };
    const [choice] = encoderChain(output, WANTED_ENCODERS);
    if (choice === undefined) throw new Error("There is an encoder.");
    const first = firstPassArgs(planFile(sourceOf({}), output), choice, setting, "/tmp/log").join(" ");
    expect(first).toContain("-pass 1 -passlogfile /tmp/log");
    expect(first).toMatch(/-f null -$/);
    expect(argsOf(output, sourceOf({}), { number: 2, logFile: "/tmp/log" })).toContain("-pass 2");
  });
});

describe("the plan of a file", () => {
  it("shrinks pictures to the level of a platform, and says so", () => {
    const plan = planFile(sourceOf({ width: 3840, height: 2160 }), { ...base, platform: "ios" });
    expect(plan.layout.size.width).toBeLessThanOrEqual(1920);
    expect(plan.layout.size.width).toBeGreaterThan(1850);
    expect(plan.notes).toEqual([expect.stringContaining("more than level 4.0 holds")]);
    expect(planFile(sourceOf({}), { ...base, platform: "ios" }).notes).toEqual([]);
    const fast = planFile(sourceOf({ frameRate: 60 }), { ...base, platform: "ios" });
    expect(fast.layout.size.width).toBeLessThan(1400);
  });

  it("refuses what would be nothing, and two passes over hours", () => {
    const source = { ...sourceOf({}), durationSeconds: 3 * 3_600 };
    expect(() => planFile(source, { ...base, startSeconds: 20_000 })).toThrow("lower start");
    expect(() => planFile(source, { ...base, targetVideoKbps: 500, twoPass: true })).toThrow("two_pass");
    expect(() => planFile({ ...sourceOf({}), video: undefined }, base)).toThrow("only audio");
  });

  it("gives every level room for the pictures that it is named for", () => {
    const fits = (codec: "h264" | "h265", level: string, width: number, height: number, rate: number) => {
      const limits = levelLimits(codec, level);
      return limits !== undefined && fitsLevel(limits, { width, height }, rate);
    };
    expect(fits("h264", "3.1", 1280, 720, 30)).toBe(true);
    expect(fits("h264", "3.1", 1280, 720, 50)).toBe(false);
    expect(fits("h264", "4.0", 1920, 1080, 30)).toBe(true);
    expect(fits("h264", "4.0", 1920, 1080, 60)).toBe(false);
    expect(fits("h264", "5.1", 3840, 2160, 30)).toBe(true);
    expect(fits("h265", "4.1", 1920, 1080, 60)).toBe(true);
    expect(fits("h265", "5.0", 3840, 2160, 60)).toBe(false);
  });
});

describe("the tables agree", () => {
  it("every container's codecs have rules, encoders and a default that its platforms play", () => {
    for (const format of FILE_FORMATS) {
      for (const codec of CONTAINERS[format].video) {
        expect(encoderChain({ ...base, format, videoCodec: codec }, WANTED_ENCODERS).length).toBeGreaterThan(
          0,
        );
      }
    }
    for (const platform of PLATFORM_NAMES) {
      const { video, formats } = platformRules(platform);
      for (const [codec, { profiles, maxLevel }] of Object.entries(video)) {
        const known = VIDEO_CODEC_RULES[codec as "h264"].profiles;
        for (const profile of profiles) expect(Object.keys(known)).toContain(profile);
        if (maxLevel !== undefined) expect(LEVELS[codec as "h264"]).toHaveProperty([maxLevel]);
      }
      expect(Object.keys(video)).toContain(CONTAINERS[formats[0] ?? "mp4"].video[0]);
    }
  });

  it("a factor keeps its place between the words on every scale", () => {
    for (const codec of VIDEO_CODECS) {
      const { crf, maxCrf } = VIDEO_CODEC_RULES[codec];
      expect(translateCrf(28, "h264", codec)).toBe(crf.low);
      expect(translateCrf(18, "h264", codec)).toBe(crf.maximum);
      expect(translateCrf(51, "h264", codec)).toBeLessThanOrEqual(maxCrf);
      expect(translateCrf(0, "h264", codec)).toBeGreaterThanOrEqual(0);
    }
  });

  it("a chain begins with the encoder that was asked for and ends with what every player knows", () => {
    const av1 = { ...base, videoCodec: "av1", allowFallback: true } as const;
    const names = (output: FileOutput, installed = WANTED_ENCODERS) =>
      encoderChain(output, installed).map(({ encoder }) => encoder.name);
    expect(names(av1)).toEqual(["libsvtav1", "libaom-av1", "libx264"]);
    expect(names({ ...av1, allowFallback: false })).toEqual(["libsvtav1", "libaom-av1"]);
    expect(names({ ...av1, format: "webm" })).toEqual(["libsvtav1", "libaom-av1", "libvpx-vp9"]);
    expect(names(av1, ["libx264"])).toEqual(["libx264"]);
    expect(() => names({ ...av1, allowFallback: false }, ["libx264"])).toThrow("no encoder for av1");
  });
});
