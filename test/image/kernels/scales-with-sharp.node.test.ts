import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { openJpeg } from "../../../src/image/codecs/jpeg-planes.ts";
import type { Size } from "../../../src/image/geometry.ts";
import { filtersFor } from "../../../src/image/resize.ts";
import { probed, psnr, renderJpeg } from "./compare.ts";
import { BLOCK_SIDES, SHRINKS, TO_FULL_DECODE, TO_MEANS, TO_SHRINK_ON_LOAD } from "./distances.ts";
import { writeJpeg } from "./jpeg-writer.ts";
import { photoSample, SAMPLINGS, scriptsOf } from "./pictures.ts";

/** Sides that no block divides, and sides that all scales do. */
const ODD_SIZE = { width: 203, height: 149 };
const EVEN_SIZE = { width: 208, height: 160 };

async function decodedBySharp(file: Uint8Array): Promise<Buffer> {
  return await sharp(file).toColourspace("srgb").ensureAlpha().raw().toBuffer();
}

function shrunk({ width, height }: Size, by: number): Size {
  return { width: Math.floor(width / by), height: Math.floor(height / by) };
}

/** Each pixel the mean of `by` × `by` others. */
function meansOf(data: Uint8Array, { width, height }: Size, by: number): Uint8Array {
  const size = shrunk({ width, height }, by);
  return Uint8Array.from({ length: size.width * size.height * 4 }, (_, index) => {
    const [channel, x] = [index & 3, (index >> 2) % size.width];
    const y = Math.floor((index >> 2) / size.width);
    let sum = 0;
    for (let row = y * by; row < (y + 1) * by; row++) {
      for (let column = x * by; column < (x + 1) * by; column++)
        sum += data[(row * width + column) * 4 + channel] ?? 0;
    }
    return Math.round(sum / (by * by));
  });
}

describe.each(Object.keys(SAMPLINGS) as (keyof typeof SAMPLINGS)[])("a %s JPEG", (name) => {
  const sampling = SAMPLINGS[name];
  const odd = { ...ODD_SIZE, sampling, sample: photoSample(ODD_SIZE) };
  const even = { ...EVEN_SIZE, sampling, sample: photoSample(EVEN_SIZE) };

  it("is at every scale what a full decode and Lanczos make of it, however its scans are written", async () => {
    const files = {
      baseline: writeJpeg(odd),
      restarting: writeJpeg({ ...odd, restartInterval: 7 }),
      separate: writeJpeg({ ...odd, isSeparate: true }),
      progressive: writeJpeg({ ...odd, script: scriptsOf(sampling.length).both }),
    };
    for (const [kind, file] of Object.entries(files)) {
      const full = await decodedBySharp(file);
      for (const [index, by] of SHRINKS.entries()) {
        const size = shrunk(ODD_SIZE, by);
        const wanted = await sharp(full, { raw: { ...ODD_SIZE, channels: 4 } })
          .resize({ ...size, fit: "fill", kernel: "lanczos3" })
          .raw()
          .toBuffer();
        const made = await renderJpeg(file, size);
        const least = TO_FULL_DECODE[name][index] ?? Number.NaN;
        expect(psnr(made.data, wanted), `${kind} at 1/${by}`).toBeGreaterThan(least);
      }
    }
  });

  it("is at every scale what sharp makes of it, which shrinks while it loads", async () => {
    const file = writeJpeg(even);
    for (const [index, by] of SHRINKS.entries()) {
      const size = shrunk(EVEN_SIZE, by);
      const wanted = sharp(file).resize({ ...size, fit: "fill", kernel: "lanczos3" });
      const pixels = await wanted.toColourspace("srgb").ensureAlpha().raw().toBuffer();
      const made = await renderJpeg(file, size);
      const least = TO_SHRINK_ON_LOAD[name][index] ?? Number.NaN;
      expect(psnr(made.data, pixels), `1/${by}`).toBeGreaterThan(least);
    }
  });

  it("is decoded to the means of its pixels", async () => {
    const file = writeJpeg(even);
    const full = await decodedBySharp(file);
    const window = { left: 0, top: 0, ...EVEN_SIZE };
    for (const [index, side] of BLOCK_SIDES.entries()) {
      const scale = side / 8;
      const demand = { scaleX: scale, scaleY: scale, colorScaleX: scale, colorScaleY: scale, window };
      const planes = await openJpeg(file, probed(file), demand);
      const size = shrunk(EVEN_SIZE, 1 / scale);
      const { data } = await planes.resample(window, size, filtersFor(window, size));
      const least = TO_MEANS[name][index] ?? Number.NaN;
      expect(psnr(data, meansOf(full, EVEN_SIZE, 1 / scale)), `${side} of 8`).toBeGreaterThan(least);
    }
  });
});
