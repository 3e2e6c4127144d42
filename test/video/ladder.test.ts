import { describe, expect, it } from "vitest";
import { planLadder } from "../../src/video/ladder.ts";
import type { SourceDescription } from "../../src/video/source.ts";
import { sourceOf } from "./sources.ts";

const rungs = [240, 360, 480, 720, 1080].map((shortSidePx) => ({
  shortSidePx,
  videoKbps: shortSidePx * 4,
  audioKbps: 96,
}));
const sizes = (source: SourceDescription) =>
  planLadder(source, rungs).map(({ width, height }) => `${width}x${height}`);

describe("the ladder", () => {
  it.each([
    ["landscape", 1920, 1080, ["426x240", "640x360", "854x480", "1280x720", "1920x1080"]],
    ["between two rungs", 1000, 600, ["400x240", "600x360", "800x480"]],
    ["portrait", 720, 1280, ["240x426", "360x640", "480x854", "720x1280"]],
    ["square", 500, 500, ["240x240", "360x360", "480x480"]],
    ["wide", 2560, 1080, ["568x240", "854x360", "1138x480", "1706x720", "2560x1080"]],
    ["odd and one pixel short", 321, 239, ["320x238"]],
    ["tiny", 3, 1, ["2x2"]],
  ])("of a %s source", (_, width, height, expected) => {
    expect(sizes(sourceOf({ width, height }))).toEqual(expected);
  });

  it("caps each rung at 1.3 times its rate, over a buffer of two seconds", () => {
    const [lowest] = planLadder(sourceOf({ width: 426, height: 240 }), rungs);
    expect(lowest).toMatchObject({ id: "240p", videoKbps: 960, maxrateKbps: 1248, bufferKbps: 1920 });
  });

  it("has one rung for each size, the richer one", () => {
    const twice = [...rungs.slice(0, 1), { shortSidePx: 241, videoKbps: 2000, audioKbps: 96 }];
    const ladder = planLadder(sourceOf({ width: 640, height: 480 }), twice);
    expect(ladder.map(({ id, videoKbps }) => [id, videoKbps])).toEqual([["240p", 2000]]);
  });

  it("needs a picture", () => {
    const { video: _, ...sound } = sourceOf({});
    expect(() => planLadder(sound, rungs)).toThrow(expect.objectContaining({ code: "no_video_stream" }));
  });
});
