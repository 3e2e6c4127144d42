import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planGeometry } from "../../src/image/geometry.ts";
import { type ImageOutput, RESIZE_MODES } from "../../src/image/output.ts";

type Box = Pick<ImageOutput, "width" | "height" | "resizeMode" | "allowEnlarge" | "position">;

const CENTER = { x: 0.5, y: 0.5 };

function box(overrides: Partial<Box>): Box {
  return { resizeMode: "fit", allowEnlarge: false, position: CENTER, ...overrides };
}

describe("planGeometry", () => {
  it("keeps the size when no side is asked for", () => {
    const { crop, resized, canvas } = planGeometry({ width: 640, height: 480 }, box({}));
    expect(crop).toEqual({ left: 0, top: 0, width: 640, height: 480 });
    expect(resized).toEqual({ width: 640, height: 480 });
    expect(canvas).toEqual({ left: 0, top: 0, width: 640, height: 480 });
  });

  it("finds a missing side from the ratio", () => {
    expect(planGeometry({ width: 4032, height: 3024 }, box({ width: 400 })).resized).toEqual({
      width: 400,
      height: 300,
    });
    expect(planGeometry({ width: 4032, height: 3024 }, box({ height: 100 })).resized.width).toBe(133);
  });

  it("never makes a side of no pixels", () => {
    expect(planGeometry({ width: 10_000, height: 1 }, box({ width: 100 })).resized).toEqual({
      width: 100,
      height: 1,
    });
    expect(planGeometry({ width: 1, height: 10_000 }, box({ width: 1, height: 1 })).resized).toEqual({
      width: 1,
      height: 1,
    });
  });

  it("does not enlarge unless told to", () => {
    const small = { width: 300, height: 100 };
    expect(planGeometry(small, box({ width: 600 })).resized).toEqual(small);
    expect(planGeometry(small, box({ width: 600, allowEnlarge: true })).resized).toEqual({
      width: 600,
      height: 200,
    });
    expect(planGeometry(small, box({ width: 200, height: 200, resizeMode: "crop" })).resized).toEqual({
      width: 200,
      height: 100,
    });
    expect(planGeometry(small, box({ width: 200, height: 200, resizeMode: "stretch" })).resized).toEqual({
      width: 200,
      height: 100,
    });
  });

  it("cuts around the focal point and not past the edge", () => {
    const source = { width: 1000, height: 500 };
    const square = { width: 100, height: 100, resizeMode: "crop" } as const;
    expect(planGeometry(source, box(square)).crop).toEqual({ left: 250, top: 0, width: 500, height: 500 });
    expect(planGeometry(source, box({ ...square, position: { x: 1, y: 0 } })).crop.left).toBe(500);
  });

  it("pads to exactly the box", () => {
    const plan = planGeometry(
      { width: 200, height: 100 },
      box({ width: 100, height: 100, resizeMode: "pad" }),
    );
    expect(plan.resized).toEqual({ width: 100, height: 50 });
    expect(plan.canvas).toEqual({ left: 0, top: 25, width: 100, height: 100 });
  });

  it("always gives a window inside the source and a picture inside its canvas", () => {
    const side = fc.integer({ min: 1, max: 20_000 });
    const wanted = fc.option(fc.integer({ min: 1, max: 16_383 }), { nil: undefined });
    const fraction = fc.double({ min: 0, max: 1, noNaN: true });
    const boxes = fc.record({
      width: wanted,
      height: wanted,
      resizeMode: fc.constantFrom(...RESIZE_MODES),
      allowEnlarge: fc.boolean(),
      position: fc.record({ x: fraction, y: fraction }),
    });
    fc.assert(
      fc.property(fc.record({ width: side, height: side }), boxes, (source, output) => {
        const { crop, resized, canvas } = planGeometry(source, output);
        for (const value of Object.values({ ...crop, ...resized, ...canvas }))
          expect(value).toSatisfy(Number.isInteger);
        expect(Math.min(crop.width, crop.height, resized.width, resized.height)).toBeGreaterThanOrEqual(1);
        expect(Math.min(crop.left, crop.top, canvas.left, canvas.top)).toBeGreaterThanOrEqual(0);
        expect(crop.left + crop.width).toBeLessThanOrEqual(source.width);
        expect(crop.top + crop.height).toBeLessThanOrEqual(source.height);
        expect(canvas.left + resized.width).toBeLessThanOrEqual(canvas.width);
        expect(canvas.top + resized.height).toBeLessThanOrEqual(canvas.height);
        if (!output.allowEnlarge) expect(resized.width).toBeLessThanOrEqual(source.width);
      }),
    );
  });
});
