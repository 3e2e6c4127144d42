import sharp from "sharp";
import { expect, it } from "vitest";
import { encodeImage } from "../../src/image/encode.ts";
import { hasHalfColor } from "../../src/image/half-color.ts";
import type { ImageOutput } from "../../src/image/output.ts";
import { fileOf, paint } from "../fixtures/images.ts";
import { psnr, renderJpeg, sizeOf } from "./kernels/compare.ts";

const OUTPUT: ImageOutput = {
  name: "out.webp",
  format: "webp",
  resizeMode: "fit",
  allowEnlarge: false,
  position: { x: 0.5, y: 0.5 },
  background: [255, 255, 255, 255],
  quality: 75,
};

/** Hues that come and go, in hard-edged shapes. */
const COLORS = paint(960, 640, (x, y) => {
  const isInside = Math.hypot((x % 240) - 120, (y % 160) - 80) < 60;
  const wave = Math.sin(x / 29) * Math.cos(y / 31);
  return isInside ? [200 + 50 * wave, 90, 60 - 50 * wave, 255] : [60, 120 + 60 * wave, 140 - 60 * wave, 255];
});

it.each([
  [{}, true],
  [{ lossless: true }, false],
  [{ losslessIfFlat: true }, false],
  [{ format: "png" }, false],
  [{ format: "jpeg" }, true],
  [{ format: "jpeg", quality: 80 }, false],
  [{ format: "jpeg", quality: 95, chromaSubsampling: "4:2:0" }, true],
  [{ format: "jpeg", chromaSubsampling: "4:4:4" }, false],
  [{ format: "jpeg", qualityTarget: { ssim: 0.98 } }, false],
  [{ format: "avif" }, true],
  [{ format: "avif", chromaSubsampling: "4:4:4" }, false],
] as [Partial<ImageOutput>, boolean][])("knows of %o whether colour is halved", (asked, isHalved) => {
  expect(hasHalfColor({ ...OUTPUT, ...asked })).toBe(isHalved);
});

it.each(["4:2:0", "4:4:4"])("loses little in files that halve colour, from %s", async (chromaSubsampling) => {
  const large = sharp(await fileOf(COLORS, "png")).removeAlpha();
  const file = new Uint8Array(await large.jpeg({ quality: 92, chromaSubsampling }).toBuffer());
  for (const width of [90, 110, 200, 360]) {
    const size = { width, height: Math.round((width * 2) / 3) };
    const whole = { left: 0, top: 0, ...sizeOf(file) };
    const wanted = await sharp(COLORS.data, { raw: { width: 960, height: 640, channels: 4 } })
      .resize({ ...size, fit: "fill", kernel: "lanczos3" })
      .raw()
      .toBuffer();
    const losses: number[] = [];
    for (const halved of [false, true]) {
      const pixels = await renderJpeg(file, size, whole, halved);
      const made = await sharp(await encodeImage(pixels, OUTPUT))
        .ensureAlpha()
        .raw()
        .toBuffer();
      losses.push(psnr(made, wanted));
    }
    const [fine = 0, halved = 0] = losses;
    expect(halved, `${width} px: ${fine.toFixed(2)} dB with all of its colour`).toBeGreaterThan(fine - 0.7);
  }
});
