import { describe, expect, it } from "vitest";
import { composeOrientation } from "../../src/image/compose-orientation.ts";
import { insideBorder } from "../../src/image/find-border.ts";
import { frameOutput } from "../../src/image/framing.ts";
import { orientPixels } from "../../src/image/orient.ts";
import { FLIPS, type ImageOutput } from "../../src/image/output.ts";
import type { Orientation } from "../../src/image/probe.ts";
import { settleOutput } from "../../src/image/settle.ts";
import { disc, paint } from "../fixtures/images.ts";

const OUTPUT: ImageOutput = {
  name: "out",
  format: "png",
  resizeMode: "fit",
  allowEnlarge: false,
  position: { x: 0.5, y: 0.5 },
  background: [255, 255, 255, 255],
  quality: 90,
};
const LANDSCAPE = { width: 300, height: 200, orientation: 1 } as const;

describe("turns", () => {
  it("done one after the other are one of the eight orientations", () => {
    const picture = paint(3, 2, (x, y) => [x * 50, y * 90, 7, 255]);
    for (const stored of [1, 2, 3, 4, 5, 6, 7, 8] as Orientation[]) {
      for (const flip of [undefined, ...FLIPS]) {
        for (const rotate of [undefined, 90, 180, 270] as const) {
          const steps: Orientation[] = [
            stored,
            flip ? ({ h: 2, v: 4, hv: 3 } as const)[flip] : 1,
            rotate ? ({ 90: 6, 180: 3, 270: 8 } as const)[rotate] : 1,
          ];
          const one = orientPixels(picture, composeOrientation(stored, { flip, rotate }));
          expect(one, `${stored} ${flip} ${rotate}`).toEqual(steps.reduce(orientPixels, picture));
        }
      }
    }
  });
});

describe("framing", () => {
  it("lets the sides refer to the picture as it lies after rotation", () => {
    const { size, geometry } = frameOutput(LANDSCAPE, { ...OUTPUT, rotate: 90, width: 100 });
    expect(size).toEqual({ width: 100, height: 150 });
    expect(geometry.resized).toEqual({ width: 100, height: 150 });
  });

  it("trims before it resizes, and adds the border after", () => {
    const { sampling, size } = frameOutput(LANDSCAPE, {
      ...OUTPUT,
      trim: { top: 50, right: 0, bottom: 50, left: 100 },
      width: 50,
      border: { top: 1, right: 2, bottom: 3, left: 4, color: [0, 0, 0, 255] },
    });
    expect(sampling.window).toEqual({ left: 100, top: 50, width: 200, height: 100 });
    expect(sampling.size).toEqual({ width: 50, height: 25 });
    expect(size).toEqual({ width: 56, height: 29 });
  });

  it("cuts the trim out of a picture that is stored on its side", () => {
    const stored = { width: 200, height: 300, orientation: 6 } as const;
    const { sampling } = frameOutput(stored, { ...OUTPUT, trim: { top: 10, right: 0, bottom: 0, left: 20 } });
    expect(sampling.window).toEqual({ left: 10, top: 0, width: 190, height: 280 });
  });

  it.each([
    { top: 100, right: 0, bottom: 100, left: 0 },
    { top: 0, right: 0, bottom: 0, left: 300 },
    { top: 0, right: 0, bottom: 0, left: 16_000, width: 10 },
  ])("refuses a trim that leaves nothing: %o", (trim) => {
    expect(() => frameOutput(LANDSCAPE, { ...OUTPUT, trim })).toThrow(
      expect.objectContaining({ code: "impossible_output" }),
    );
  });

  it("crops to a ratio without enlarging, and never shrinks when told so", () => {
    const small = { width: 612, height: 613, orientation: 1 } as const;
    const box = { ...OUTPUT, width: 1920, height: 1120 };
    expect(frameOutput(small, { ...box, resizeMode: "crop", keepBoxRatio: true }).size).toEqual({
      width: 612,
      height: 357,
    });
    const up = { ...OUTPUT, allowEnlarge: true, neverShrink: true };
    expect(frameOutput(small, { ...up, width: 100 }).size).toEqual({ width: 612, height: 613 });
    expect(frameOutput(small, { ...up, width: 1224 }).size).toEqual({ width: 1224, height: 1226 });
  });
});

describe("what only the pixels say", () => {
  const shrink = (picture: ReturnType<typeof paint>) => async () => picture;

  it("is a border of one colour, or that there is none", () => {
    expect(insideBorder(disc(30), 0)).toEqual({ left: 5, top: 5, width: 20, height: 20 });
    const flat = paint(8, 6, () => [1, 2, 3, 255]);
    expect(insideBorder(flat, 0)).toEqual({ left: 0, top: 0, width: 8, height: 6 });
    const noisy = paint(8, 6, (x, y) => (x === 3 && y === 2 ? [90, 2, 3, 255] : [1 + x, 2, 3, 255]));
    expect(insideBorder(noisy, 10)).toEqual({ left: 3, top: 2, width: 1, height: 1 });
    expect(insideBorder(noisy, 10, [200, 200, 200, 255])).toMatchObject({ width: 8, height: 6 });
  });

  it("keeps some of the border when told so", async () => {
    const settled = await settleOutput(
      { width: 30, height: 30 },
      { ...OUTPUT, trimBorder: { tolerance: 0, keep: 2 } },
      shrink(disc(30)),
    );
    expect(settled.trim).toEqual({ left: 3, top: 3, right: 3, bottom: 3 });
    expect(settled.trimBorder).toBeUndefined();
  });

  const crop = { ...OUTPUT, resizeMode: "crop", width: 20, height: 20 } as const;
  it.each(["attention", "entropy"] as const)("is where %s finds something", async (gravity) => {
    const busy = (from: number) =>
      paint(96, 48, (x, y) =>
        x >= from && x < from + 20 ? [(x * 37 + y * 91) % 256, 90, 60, 255] : [40, 40, 40, 255],
      );
    const positionOf = async (from: number) =>
      (await settleOutput({ width: 96, height: 48 }, { ...crop, gravity }, shrink(busy(from)))).position;
    expect((await positionOf(70)).x).toBeGreaterThan(0.8);
    expect((await positionOf(4)).x).toBeLessThan(0.2);
    expect((await positionOf(70)).y).toBe(0.5);
  });

  it("is the centre where nothing stands out", async () => {
    const flat = paint(96, 48, () => [90, 90, 90, 255]);
    for (const gravity of ["attention", "entropy"] as const) {
      const settled = await settleOutput({ width: 96, height: 48 }, { ...crop, gravity }, shrink(flat));
      expect(settled.position).toEqual({ x: 0.5, y: 0.5 });
    }
  });
});
