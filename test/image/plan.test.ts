import { describe, expect, it } from "vitest";
import { MediaError } from "../../src/errors.ts";
import type { ImageOutput } from "../../src/image/output.ts";
import { type ImagePlan, planImage } from "../../src/image/plan.ts";
import { needsMoreBytes, probeImage } from "../../src/image/probe.ts";
import { ascii, chunk, jpegHeader, pngHeader, riff, vp8x } from "../fixtures/images.ts";

const THUMBNAIL: ImageOutput = {
  name: "thumbnail.webp",
  format: "webp",
  width: 400,
  resizeMode: "fit",
  allowEnlarge: false,
  position: { x: 0.5, y: 0.5 },
  background: [255, 255, 255, 255],
  quality: 80,
};

function planned(file: Uint8Array, outputs: ImageOutput[] = [THUMBNAIL]): ImagePlan {
  const probe = probeImage(file);
  if (needsMoreBytes(probe)) throw new Error("short head");
  return planImage(probe, outputs);
}

describe("planImage", () => {
  it("keeps everyday pictures at the edge and says what they cost", () => {
    for (const file of [
      jpegHeader(1920, 1080),
      jpegHeader(2000, 1500, { marker: 0xc2 }),
      pngHeader(1200, 800),
    ]) {
      const plan = planned(file);
      expect(plan.lane).toBe("edge");
      expect(plan.estimatedPeakBytes).toBeGreaterThan(16 * 1024 * 1024);
      expect(plan.reason).toMatch(/\d+ MiB/);
    }
  });

  it("keeps what phones and cameras take at the edge, because it is decoded small", () => {
    for (const [width, height] of [
      [4032, 3024],
      [6000, 4000],
      [8160, 6144],
    ] as const) {
      for (const marker of [0xc0, 0xc2]) {
        const probe = probeImage(jpegHeader(width, height, { marker }));
        if (needsMoreBytes(probe)) throw new Error("short head");
        const inputBytes = (width * height) / 4;
        expect(planImage(probe, [THUMBNAIL], { inputBytes }).lane).toBe("edge");
      }
    }
  });

  it("writes small AVIF at the edge and larger in a container", () => {
    const avif = { ...THUMBNAIL, name: "a.avif", format: "avif" } as const;
    expect(planned(jpegHeader(4032, 3024), [{ ...avif, width: 800 }]).lane).toBe("edge");
    const large = planned(jpegHeader(4032, 3024), [{ ...avif, width: 900 }]);
    expect(large.lane).toBe("container-short");
    expect(large.reason).toContain("AVIF");
  });

  it("sends what would not fit an isolate to a container", () => {
    const plan = planned(jpegHeader(4032, 3024), [{ ...THUMBNAIL, width: 3000 }]);
    expect(plan.lane).toBe("container-short");
    expect(plan.estimatedPeakBytes).toBeGreaterThan(104 * 1024 * 1024);
    expect(planned(jpegHeader(1000, 1000), [{ ...THUMBNAIL, width: 4000, allowEnlarge: true }]).lane).toBe(
      "container-short",
    );
    expect(planned(pngHeader(3000, 2500, { bitDepth: 16, interlaced: true })).lane).toBe("edge");
    expect(planned(pngHeader(4000, 3000, { bitDepth: 16 })).lane).toBe("container-short");
    expect(planned(pngHeader(4000, 3000, { interlaced: true })).lane).toBe("container-short");
    expect(planned(pngHeader(8000, 6000)).lane).toBe("edge");
  });

  it("counts the file itself", () => {
    const probe = probeImage(jpegHeader(1920, 1080));
    if (needsMoreBytes(probe)) throw new Error("short head");
    const small = planImage(probe, [THUMBNAIL]).estimatedPeakBytes;
    expect(planImage(probe, [THUMBNAIL], { inputBytes: 50_000_000 }).estimatedPeakBytes).toBeGreaterThan(
      small + 50_000_000,
    );
  });

  it.each([
    ["CMYK JPEG", jpegHeader(80, 80, { componentIds: [1, 2, 3, 4] })],
    ["12-bit JPEG", jpegHeader(80, 80, { marker: 0xc1, precision: 12 })],
    ["arithmetic JPEG", jpegHeader(80, 80, { marker: 0xc9 })],
    ["lossless JPEG", jpegHeader(80, 80, { marker: 0xc3 })],
    ["animated WebP", riff(["VP8X", vp8x(0x02, 9, 7)], ["ANMF", [0]])],
    ["SVG", ascii('<svg width="10" height="10"></svg>')],
  ])("sends a %s to a container, whatever its size", (variety, file) => {
    expect(planned(file)).toMatchObject({
      lane: "container-short",
      reason: expect.stringContaining(variety),
    });
  });

  it("refuses more than 100 megapixels from a header of a few bytes", () => {
    const bomb = pngHeader(60_000, 60_000);
    expect(bomb.length).toBeLessThan(100);
    expect(() => planned(bomb)).toThrow(expect.objectContaining({ code: "too_many_pixels" }));
    expect(planned(pngHeader(10_000, 10_000)).lane).toBe("container-short");
  });

  it("refuses a drawing of more than 16 megapixels, which a few bytes can make dear", () => {
    const drawing = (side: number) => ascii(`<svg width="${side}" height="${side}"></svg>`);
    expect(() => planned(drawing(4001))).toThrow(
      expect.objectContaining({ code: "too_many_pixels", message: expect.stringContaining("16 megapixels") }),
    );
    expect(planned(drawing(4000)).lane).toBe("container-short");
  });

  it("refuses an output that its format cannot hold", () => {
    const full = { ...THUMBNAIL, width: undefined };
    expect(() => planned(pngHeader(20_000, 10), [full])).toThrow(MediaError);
    expect(planned(pngHeader(20_000, 10), [{ ...full, format: "png" }]).lane).toBe("edge");
    const tower = { ...THUMBNAIL, width: 16_000, allowEnlarge: true };
    expect(() => planned(pngHeader(10, 1000), [tower])).toThrow(/thumbnail.webp would be/);
  });

  it("tells what will be lost", () => {
    const chunks = [chunk("iCCP", [1]), chunk("acTL", [0, 0, 0, 3, 0, 0, 0, 0])];
    expect(planned(pngHeader(10, 10, { chunks })).notes).toEqual([expect.stringContaining("animated PNG")]);
  });
});
