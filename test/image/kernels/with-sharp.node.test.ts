import initJsquash, { resize as jsquashResize } from "@jsquash/resize/lib/resize/pkg/squoosh_resize.js";
import jsquashWasm from "@jsquash/resize/lib/resize/pkg/squoosh_resize_bg.wasm?module";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { FILTERS, type Filter } from "../../../src/image/codecs/kernels.ts";
import { resampleRgba } from "../../../src/image/codecs/resize.ts";
import { disc, paint, photo } from "../../fixtures/images.ts";
import { psnr, renderJpeg } from "./compare.ts";
import { writeJpeg } from "./jpeg-writer.ts";
import { photoSample, SAMPLINGS, scriptsOf } from "./pictures.ts";

const SIZE = { width: 203, height: 149 };

async function decodedBySharp(file: Uint8Array): Promise<Buffer> {
  return await sharp(file).toColourspace("srgb").ensureAlpha().raw().toBuffer();
}

describe.each(Object.entries(SAMPLINGS))("a %s JPEG", (_, sampling) => {
  const options = { ...SIZE, sampling, sample: photoSample(SIZE) };
  const files = {
    baseline: writeJpeg(options),
    restarting: writeJpeg({ ...options, restartInterval: 7 }),
    separate: writeJpeg({ ...options, isSeparate: true }),
    progressive: writeJpeg({ ...options, script: scriptsOf(sampling.length).both }),
  };

  it.each(Object.entries(files))("is what libjpeg makes of it, %s", async (_kind, file) => {
    const wanted = await decodedBySharp(file);
    const full = await renderJpeg(file, SIZE);
    // libjpeg repeats colour samples where a factor is 4, and draws between them where it is 2; we always do.
    expect(psnr(full.data, wanted)).toBeGreaterThan(sampling[0]?.[0] === 4 ? 51.5 : 55);
  });
});

/** What sharp calls the filters of the resizer. */
const NAMES = {
  bilinear: "linear",
  bicubic: "cubic",
  mitchell: "mitchell",
  lanczos2: "lanczos2",
  lanczos3: "lanczos3",
} as const;

describe.each(Object.entries(NAMES) as [keyof typeof NAMES, (typeof NAMES)[keyof typeof NAMES]][])(
  "the %s filter",
  (filter, kernel) => {
    it.each([
      [180, 120],
      [97, 61],
      [40, 30],
      [9, 7],
      [200, 5],
      [1, 1],
    ])("shrinks to %i×%i as sharp does, opaque and transparent", async (width, height) => {
      for (const picture of [photo(240, 160), disc(240)]) {
        const wanted = await sharp(picture.data, {
          raw: { width: picture.width, height: picture.height, channels: 4 },
        })
          .resize({ width, height, fit: "fill", kernel })
          .raw()
          .toBuffer();
        const made = await resampleRgba(
          picture,
          { left: 0, top: 0, width: picture.width, height: picture.height },
          { width, height },
          { horizontal: filter, vertical: filter },
          picture.data[3] === 0,
        );
        expect(psnr(made.data, wanted)).toBeGreaterThan(36);
      }
    });
  },
);

it("picks pixels with the nearest filter, and mixes none", async () => {
  const checks = paint(90, 60, (x, y) => ((x + y) % 2 === 0 ? [255, 0, 0, 255] : [0, 0, 255, 255]));
  for (const [width, height] of [
    [31, 17],
    [7, 50],
    [200, 130],
  ] as const) {
    const window = { left: 0, top: 0, width: 90, height: 60 };
    const filters = { horizontal: "nearest", vertical: "nearest" } as const;
    const { data } = await resampleRgba(checks, window, { width, height }, filters, false);
    for (let at = 0; at < data.length; at += 4) expect([0, 255]).toContain(data[at]);
  }
});

it("has every filter that it names", () => {
  expect((Object.keys(FILTERS) as Filter[]).filter((name) => name !== "nearest")).toEqual(Object.keys(NAMES));
});

/** jSquash's numbers for filters that it has in common with ours. */
const JSQUASH = { bilinear: 0, bicubic: 1, mitchell: 2, lanczos3: 3 } as const;

it.each(Object.entries(JSQUASH) as [keyof typeof JSQUASH, number][])(
  "resizes as jSquash does with %s",
  async (filter, number) => {
    await initJsquash(jsquashWasm);
    for (const picture of [photo(240, 160), disc(240)]) {
      const hasAlpha = picture.data[3] === 0;
      for (const [width, height] of [
        [170, 100],
        [400, 300],
      ] as const) {
        const data = new Uint8Array(picture.data);
        const wanted = jsquashResize(
          data,
          picture.width,
          picture.height,
          width,
          height,
          number,
          hasAlpha,
          false,
        );
        const made = await resampleRgba(
          picture,
          { left: 0, top: 0, width: picture.width, height: picture.height },
          { width, height },
          { horizontal: filter, vertical: filter },
          hasAlpha,
        );
        expect(psnr(made.data, wanted), `${width}`).toBeGreaterThan(42);
      }
    }
  },
);
