import { describe, expect, it } from "vitest";
import { isShowable, pickBestFrames } from "../../src/video/best-frames.ts";
import { differenceOf, type FrameLook, lookAt } from "../../src/video/frame-look.ts";

const SIDE = 32;

/** A frame whose brightness is a function of place. */
function frame(atSeconds: number, brightness: (x: number, y: number) => number): FrameLook {
  const pixels = Uint8Array.from({ length: SIDE * SIDE }, (_, i) =>
    Math.max(0, Math.min(255, Math.round(brightness(i % SIDE, Math.floor(i / SIDE))))),
  );
  return lookAt(atSeconds, pixels, SIDE, SIDE);
}

const black = (at: number) => frame(at, () => 2);
const checks = (at: number, dark = 60, light = 180) =>
  frame(at, (x, y) => (((x >> 2) + (y >> 2)) % 2 === 0 ? dark : light));
/** The same brightnesses, without an edge between them. */
const blurred = (at: number) => frame(at, (x) => 120 + 60 * Math.sin((x / SIDE) * 2 * Math.PI));
const bright = (at: number) => checks(at, 140, 225);
const timesOf = (looks: FrameLook[]) => looks.map(({ atSeconds }) => atSeconds);

describe("how a frame looks", () => {
  it("tells black, flat and sharp pictures apart", () => {
    expect(isShowable(black(0))).toBe(false);
    expect(isShowable(frame(0, () => 128))).toBe(false);
    expect(isShowable(checks(0))).toBe(true);
    expect(checks(0).sharpness).toBeGreaterThan(blurred(0).sharpness * 20);
    expect(differenceOf(checks(0), checks(1))).toBe(0);
    expect(differenceOf(checks(0), black(1))).toBe(1);
  });
});

describe("the best frames", () => {
  it("are neither black nor blurred", () => {
    const looks = [black(0), black(1), blurred(2), checks(3), blurred(4), black(5)];
    expect(timesOf(pickBestFrames(looks, 1))).toEqual([3]);
  });

  it("come from different scenes, in the order of the video", () => {
    const looks = [checks(0), checks(1), checks(2), bright(3), bright(4), black(5)];
    const chosen = timesOf(pickBestFrames(looks, 2));
    expect(chosen[0]).toBeLessThan(3);
    expect([3, 4]).toContain(chosen[1]);
  });

  it("of one long scene lie apart from each other", () => {
    const looks = Array.from({ length: 20 }, (_, i) => checks(i));
    const [first = 0, second = 0, third = 0] = timesOf(pickBestFrames(looks, 3));
    expect(Math.min(second - first, third - second)).toBeGreaterThanOrEqual(4);
  });

  it("are what there is, when there is nothing good, and no more than there is", () => {
    expect(timesOf(pickBestFrames([black(0), black(1)], 1))).toHaveLength(1);
    expect(timesOf(pickBestFrames([black(0), checks(1)], 5))).toEqual([0, 1]);
    expect(pickBestFrames([], 3)).toEqual([]);
  });
});
