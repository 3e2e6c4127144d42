import { describe, expect, it } from "vitest";
import { adaptLadder } from "../../src/video/adapt-ladder.ts";
import type { Complexity } from "../../src/video/complexity.ts";
import { planLadder } from "../../src/video/ladder.ts";
import type { SourceDescription } from "../../src/video/source.ts";
import { sourceOf } from "./sources.ts";

const rungs = [
  { shortSidePx: 480, videoKbps: 1200, audioKbps: 128 },
  { shortSidePx: 1080, videoKbps: 5000, audioKbps: 192 },
];
const asked = { contentAware: true, crf: 22 };

function measured(fine: [bits: number, ssim: number], coarse: [bits: number, ssim: number]): Complexity {
  return {
    samples: 5,
    points: [
      { crf: 20, bitsPerPixel: fine[0], ssim: fine[1] },
      { crf: 32, bitsPerPixel: coarse[0], ssim: coarse[1] },
    ],
  };
}

function ladderOf(source: SourceDescription, output = asked) {
  const ladder = adaptLadder(planLadder(source, rungs), source, output);
  return ladder.map(({ videoKbps, maxrateKbps, crf }) => [videoKbps, maxrateKbps, crf]);
}

describe("a ladder for its picture", () => {
  it.each([
    ["film", measured([0.09, 0.986], [0.024, 0.945]), [22, 22.5], [0.9, 1.3]],
    ["a still page", measured([0.003, 1], [0.0029, 1]), [32, 32], [0.4, 0.4]],
    ["noise", measured([0.4, 0.92], [0.08, 0.7]), [20, 20], [1.3, 1.3]],
    ["noise at any rate", measured([0.4, 0.5], [0.08, 0.5]), [20, 20], [1.3, 1.3]],
  ])("of %s", (_, complexity, crfs, shares) => {
    const [low] = ladderOf(sourceOf({ complexity }));
    const [kbps = 0, maxrate, crf] = low ?? [];
    expect(crf).toBeGreaterThanOrEqual(crfs[0] ?? 0);
    expect(crf).toBeLessThanOrEqual(crfs[1] ?? 0);
    expect(kbps / 1200).toBeGreaterThanOrEqual(shares[0] ?? 0);
    expect(kbps / 1200).toBeLessThanOrEqual(shares[1] ?? 0);
    expect(maxrate).toBe(Math.round(kbps * 1.3));
  });

  it.each([
    ["an H.264 of 800 kbit/s", "h264", 800, [960, 960]],
    ["an HEVC of 800 kbit/s", "hevc", 800, [1200, 1360]],
    ["a source of next to nothing", "h264", 3, [100, 100]],
    ["a rich source", "prores", 200_000, [1200, 5000]],
  ])("takes no more than %s has to show", (_, codec, bitrateKbps, expected) => {
    const source = { ...sourceOf({ codec }), bitrateKbps };
    expect(ladderOf(source).map(([kbps]) => kbps)).toEqual(expected);
  });

  it("is the common one where that is asked for", () => {
    const source = sourceOf({ complexity: measured([0.003, 1], [0.0029, 1]) });
    const rates = ladderOf({ ...source, bitrateKbps: 300 }, { ...asked, contentAware: false });
    expect(rates).toEqual([
      [1200, 1560, undefined],
      [5000, 6500, undefined],
    ]);
  });
});
