import { describe, expect, it } from "vitest";
import type { FileOutput } from "../../src/video/file-output.ts";
import { footprintOf } from "../../src/video/footprint.ts";
import { lowerSettings, lowerThreads } from "../../src/video/lower-settings.ts";
import type { StreamOutput } from "../../src/video/output.ts";
import { sourceOf } from "./sources.ts";

const MP4: FileOutput = {
  format: "mp4",
  name: "a.mp4",
  width: 1280,
  height: 720,
  allowEnlarge: false,
  crf: 23,
  maxVideoKbps: 3_000,
  audioKbps: 128,
  encoderPreset: "veryfast",
};
const HLS: StreamOutput = {
  format: "hls",
  name: "a",
  variants: [1080, 720, 360].map((shortSidePx) => ({ shortSidePx, videoKbps: 1_000, audioKbps: 96 })),
  segmentSeconds: 6,
  crf: 23,
  encoderPreset: "veryfast",
};
const A_PIXEL = 4 * 8 * 1.5;

describe("what an output takes", () => {
  it("is 48 bytes for each pixel of the source and of every rendition", () => {
    const source = sourceOf({ width: 1920, height: 1080, codedWidth: 1920, codedHeight: 1080 });
    expect(footprintOf(source, MP4).memoryBytes).toBe((1920 * 1080 + 1280 * 720) * A_PIXEL);
    expect(footprintOf(source, HLS).memoryBytes).toBe((2 * 1920 * 1080 + 1280 * 720 + 640 * 360) * A_PIXEL);
  });

  it("is on disk what the rate makes of its length, of a stream nothing", () => {
    const source = {
      ...sourceOf({ width: 1920, height: 1080, codedWidth: 1920, codedHeight: 1080 }),
      durationSeconds: 3600,
    };
    expect(footprintOf(source, MP4).diskBytes).toBe(((3_000 + 128) * 1000 * 3600) / 8);
    expect(footprintOf(source, { ...MP4, maxVideoKbps: undefined }).diskBytes).toBeGreaterThan(1e9);
    expect(footprintOf(source, HLS).diskBytes).toBe(0);
  });
});

describe("asking for less", () => {
  it("takes faster presets step by step, down to the fastest, and fewer threads", () => {
    const presets = [0, 1, 2, 9].map(
      (steps) => lowerSettings({ ...MP4, encoderPreset: "slow" }, steps).encoderPreset,
    );
    expect(presets).toEqual(["slow", "fast", "veryfast", "ultrafast"]);
    expect([0, 1, 2, 3].map(lowerThreads)).toEqual([undefined, 2, 1, 1]);
    expect(lowerSettings(MP4, 1)).toMatchObject({ crf: 23, width: 1280 });
  });
});
