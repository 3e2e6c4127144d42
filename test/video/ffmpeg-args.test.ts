import { describe, expect, it } from "vitest";
import { encoderChain } from "../../src/video/encoder-chain.ts";
import { probeArgs } from "../../src/video/ffmpeg-args.ts";
import { fileArgs } from "../../src/video/file-args.ts";
import type { FileOutput } from "../../src/video/file-output.ts";
import { planFile } from "../../src/video/file-plan.ts";
import type { StreamOutput } from "../../src/video/output.ts";
import { streamArgs } from "../../src/video/stream-args.ts";
import { planStream, segmentIndexAt } from "../../src/video/stream-plan.ts";
import { sourceOf } from "./sources.ts";

const setting = { inputUrl: "http://media.storage/in", threads: 2, toneMapping: true };
const mp4: FileOutput = {
  format: "mp4",
  name: "a.mp4",
  allowEnlarge: false,
  crf: 23,
  audioKbps: 128,
  encoderPreset: "fast",
};
const hls: StreamOutput = {
  format: "hls",
  name: "a",
  variants: [
    { shortSidePx: 360, videoKbps: 750, audioKbps: 96 },
    { shortSidePx: 720, videoKbps: 2500, audioKbps: 128 },
  ],
  segmentSeconds: 6,
  crf: 23,
  encoderPreset: "fast",
};

function argsOf(source: ReturnType<typeof sourceOf>, where = setting) {
  const [choice] = encoderChain(mp4, ["libx264"]);
  if (choice === undefined) throw new Error("There is an encoder.");
  return fileArgs(planFile(source, mp4), choice, where, "o.mp4");
}

const valueAfter = (args: string[], option: string) => args[args.indexOf(option) + 1];

describe("arguments of ffmpeg", () => {
  it("open the input over HTTP only, before naming it", () => {
    for (const args of [probeArgs(setting.inputUrl), argsOf(sourceOf({}))]) {
      expect(valueAfter(args, "-protocol_whitelist")).toBe("http,tcp");
      expect(valueAfter(args, "-format_whitelist")?.split(",")).not.toEqual(
        expect.arrayContaining([expect.stringMatching(/hls|concat|dash|image2|lavfi|rtp|sdp/)]),
      );
      expect(args.indexOf("-format_whitelist")).toBeLessThan(args.indexOf("-i"));
      expect(valueAfter(args, "-max_redirects")).toBe("0");
    }
    expect(valueAfter(probeArgs("https://media/in"), "-protocol_whitelist")).toBe("https,tls,tcp");
  });

  it.each([
    ["whole frames of 23.976", "24000/1001", 144, 48],
    ["29.97", "30000/1001", 180, 60],
    ["25", "25/1", 150, 50],
  ])("force keyframes on the grid of %s fps", (_, frameRateRatio, segmentFrames, gopFrames) => {
    const args = streamArgs(planStream(sourceOf({ frameRateRatio }), hls), setting);
    const forced = args.filter((_arg, i) => args[i - 1] === "-force_key_frames");
    expect(forced).toEqual(Array(2).fill(`expr:not(mod(mod(n,${segmentFrames}),${gopFrames}))`));
  });

  it("decode once for all renditions, and the sound once", () => {
    const args = streamArgs(planStream(sourceOf({}), hls), setting);
    expect(args.filter((arg) => arg === "-i")).toHaveLength(1);
    expect(valueAfter(args, "-filter_complex")).toContain("split=2[s0][s1];[s0]scale=640:360");
    expect(args.filter((arg) => arg.startsWith("pipe:"))).toEqual(["pipe:1", "pipe:3", "pipe:4", "pipe:5"]);
    expect(valueAfter(args, "-b:a")).toBe("128k");
  });

  it("tone-map HDR where it can be done, and leave SDR alone", () => {
    const hdr = sourceOf({ colorTransfer: "arib-std-b67" });
    const filters = (source: typeof hdr, toneMapping: boolean) =>
      valueAfter(argsOf(source, { ...setting, toneMapping }), "-vf");
    expect(filters(hdr, true)).toContain("tonemap");
    expect(filters(hdr, false)).not.toContain("tonemap");
    expect(filters(sourceOf({}), true)).not.toContain("tonemap");
  });

  it("leave out a sound track that cannot be decoded", () => {
    const source = { ...sourceOf({}), audio: [{ codec: "unknown", channels: 2, sampleRate: 44_100 }] };
    expect(argsOf(source)).toContain("-an");
  });

  it("put a fragment into the segment that its time belongs to", () => {
    const { grid } = planStream(sourceOf({ frameRateRatio: "30000/1001" }), hls);
    expect([0, 6.005999, 6.006, 12.01, 12.012].map((at) => segmentIndexAt(grid, at))).toEqual([
      0, 1, 1, 2, 2,
    ]);
  });
});
