import { describe, expect, it } from "vitest";
import { explainLadder } from "../../src/video/explain-ladder.ts";
import type { StreamOutput } from "../../src/video/output.ts";
import { planStream } from "../../src/video/stream-plan.ts";
import { sourceOf } from "./sources.ts";

const output: StreamOutput = {
  ...{ format: "hls", name: "stream", segmentSeconds: 6, crf: 22, encoderPreset: "veryfast" },
  variants: [
    { shortSidePx: 240, videoKbps: 400, audioKbps: 64 },
    { shortSidePx: 720, videoKbps: 2500, audioKbps: 128 },
    { shortSidePx: 1080, videoKbps: 4000, audioKbps: 192 },
    { shortSidePx: 1080, videoKbps: 5000, audioKbps: 192 },
    { shortSidePx: 2160, videoKbps: 16_000, audioKbps: 192 },
  ],
};

describe("why a ladder is what it is", () => {
  it("names every rung that was asked for, and what is made is what is planned", () => {
    const source = sourceOf({ frameRate: 60 });
    const { rungs } = explainLadder(source, output);
    expect(rungs.map(({ reason }) => reason)).toEqual([
      "Kept: the source of 1920×1080 fills it. It shows every second frame: a small rung of a fast picture.",
      "Kept: the source of 1920×1080 fills it.",
      "Left out: another rung of 1080p has a higher rate.",
      "Kept: the source of 1920×1080 fills it.",
      "Left out: larger than the source, which is 1920×1080.",
    ]);
    const made = rungs.flatMap(({ rendition, videoKbps }) => (rendition ? [[rendition, videoKbps]] : []));
    expect(made).toEqual(planStream(source, output).renditions.map(({ id, videoKbps }) => [id, videoKbps]));
  });

  it("of a source below all rungs is one rung of its size", () => {
    const { rungs } = explainLadder(sourceOf({ width: 160, height: 120 }), output);
    expect(rungs[0]).toMatchObject({ rendition: "120p", videoKbps: 400 });
    expect(rungs[0]?.reason).toMatch(/^The only one: .* 160×120\.$/);
    expect(rungs.slice(1).filter(({ rendition }) => rendition !== null)).toEqual([]);
  });

  it("says what a source has to show, and what was measured or could not be", () => {
    const adaptive = { ...output, contentAware: true };
    const complexityFailure = { code: "timeout", message: "A sample took longer than 25 s." };
    const source = { ...sourceOf({ complexityFailure }), bitrateKbps: 1000 };
    const failed = explainLadder(source, adaptive);
    expect(failed.complexity).toMatchObject({ state: "failed", failure: { code: "timeout" }, rateShare: 1 });
    expect(failed.complexity.reason).toBe(
      "The picture could not be measured, so the rates are the common ones. A sample took longer than 25 s.",
    );
    expect(failed.source.usefulKbps).toBe(1200);
    expect(failed.rungs[1]?.reason).toMatch(/held to 1200 kbit\/s: the source has no more to show/);
    const film = {
      samples: 5,
      points: [
        { crf: 20, bitsPerPixel: 0.03, ssim: 0.995 },
        { crf: 32, bitsPerPixel: 0.008, ssim: 0.97 },
      ] as const,
    };
    const { complexity, rungs } = explainLadder(
      sourceOf({ complexity: { ...film, points: [...film.points] } }),
      adaptive,
    );
    expect(complexity).toMatchObject({ state: "measured", failure: null });
    expect(complexity.crfChange).toBeGreaterThan(0);
    expect(rungs[0]?.reason).toMatch(/Its rate is \d+ % of what was asked for/);
    expect(explainLadder(source, output).complexity.state).toBe("not_asked");
  });
});
