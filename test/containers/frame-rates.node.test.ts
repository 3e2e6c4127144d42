import { describe, expect, it } from "vitest";
import { packageStream } from "../../src/video/packaging.ts";
import type { EncodedTrack } from "../../src/video/protocol.ts";
import { ffprobe, makeClip } from "../fixtures/video.ts";
import { encodeInChunks, encodeInOne, joinedBytes } from "./chunked.ts";
import { hls, useStudio } from "./studio.ts";

const studio = useStudio();
const small = { width: 160, height: 120, seconds: 6 };
const output = {
  ...hls,
  segmentSeconds: 2.5,
  variants: [60, 90, 120].map((shortSidePx) => ({ shortSidePx, videoKbps: 800, audioKbps: 64 })),
};

describe("a source of many frames a second", () => {
  it("has half of them in the small rungs, cut at the very same times", async () => {
    const { tracks, ranges } = await encodeInChunks(
      studio,
      await makeClip({ ...small, rate: "50" }),
      output,
      2.6,
    );
    expect(ranges).toHaveLength(3);
    const video = tracks.filter(({ kind }) => kind === "video");
    expect(video.map(({ id, frameRate }) => [id, frameRate])).toEqual([
      ["60p", 25],
      ["90p", 25],
      ["120p", 50],
    ]);
    // 125 frames would end between two of those that the small rungs show.
    expect(video.map(framesOfSegments)).toEqual([
      [63, 63, 24],
      [63, 63, 24],
      [126, 126, 48],
    ]);
    const [low, , high] = video;
    expect(low?.segments.map(timesOf)).toEqual(high?.segments.map(timesOf));
    for (const track of video) {
      const report = await ffprobe(joinedBytes(studio, track), ["-show_packets", "-select_streams", "v"]);
      const shown = report.packets.map(({ pts_time }) => Number(pts_time)).sort((a, b) => a - b);
      const step = 1 / (track.frameRate ?? 0);
      expect(Math.max(...shown.map((at, i) => Math.abs(at - i * step)))).toBeLessThan(0.0005);
    }
  });

  it.each([
    ["one task", 100],
    ["chunks", 2.6],
  ])("ends with a segment of some length, encoded in %s", async (_, chunkSeconds) => {
    const clip = await makeClip({ ...small, seconds: 5.06, rate: "50" });
    const encode = chunkSeconds === 100 ? encodeInOne : encodeInChunks;
    const { tracks } = await encode(studio, clip, output, chunkSeconds);
    const video = tracks.filter(({ kind }) => kind === "video");
    expect(video.map(framesOfSegments)).toEqual([
      [63, 64],
      [63, 64],
      [126, 127],
    ]);
  });

  it("keeps all of them in its only rung", async () => {
    const clip = await makeClip({ ...small, seconds: 3, rate: "60000/1001" });
    const only = { ...output, variants: output.variants.slice(2) };
    const { tracks } = await encodeInOne(studio, clip, only);
    expect(tracks[0]?.frameRate).toBeCloseTo(59.94, 2);
  });
});

describe("a variable frame rate", () => {
  it("is told as what a player has to keep up with, over all chunks", async () => {
    // 30 a second up to 3.3 s, every third from there.
    const uneven = ["-vf", "select='not(mod(n\\,3))+lt(n\\,100)'", "-fps_mode", "vfr", "-g", "30"];
    const clip = await makeClip({ ...small, options: uneven });
    const { tracks } = await encodeInChunks(studio, clip, output, 2.6);
    expect(tracks[0]?.frameRate).toBeLessThan(25);
    expect(tracks[0]?.maxFrameRate).toBeCloseTo(30, 1);
    const files = packageStream(tracks, "adaptive");
    expect(files[0]?.text).toContain("FRAME-RATE=30.0");
    expect(files.find(({ path }) => path === "manifest.mpd")?.text).toContain('maxFrameRate="30"');
  });
});

function framesOfSegments({ segments }: EncodedTrack) {
  return segments.map(({ frames }) => frames);
}

function timesOf({ startSeconds, durationSeconds, keyframes }: EncodedTrack["segments"][number]) {
  const ms = (seconds: number) => Math.round(seconds * 1e6) / 1e3;
  return [ms(startSeconds), ms(durationSeconds), keyframes?.map(([at]) => ms(at))];
}
