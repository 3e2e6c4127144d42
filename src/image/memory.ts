import type { Geometry, Size } from "./geometry.ts";
import type { ImageFormat } from "./output.ts";
import type { ImageProbe } from "./probe.ts";

/**
 * What one picture costs the edge lane in memory. The factors are the size of each codec's linear memory after one
 * call on generated photos of 3 and 12 megapixels (jpeg 1.6.0, png 3.1.1, webp 1.5.0, resize 2.1.1 of @jsquash),
 * less its copy of the file, divided by the pixels, the larger of the two and rounded up. They hold the slack by which
 * those memories grow.
 */
const DECODE_BYTES_PER_PIXEL = {
  /** RGBA, and the rows in work. */
  jpegBaseline: 4.4,
  /** All coefficients as well: 2 bytes a sample, counted without chroma subsampling. */
  jpegProgressive: 10.4,
  jpegProgressiveGray: 7.1,
  /** RGBA is the decoder's own output; everything else is unpacked first and then widened to RGBA. */
  pngRgba8: 4.3,
  pngOther8: 9.2,
  png16: 14,
  webpLossy: 5.1,
  webpLossyAlpha: 7.5,
  webpLossless: 9.7,
};

/** Linear memory of an Emscripten codec before its first picture, bytes. */
const EMSCRIPTEN_BASE_BYTES = 16.2 * 1024 * 1024;

const ENCODE_BYTES_PER_PIXEL = { jpeg: 20, webp: 14, png: 19 } satisfies Record<ImageFormat, number>;

const RGBA_BYTES = 4;
/** The resizer works on four 32-bit floats a pixel. */
const FLOAT_RGBA_BYTES = 16;

/** Linear memory that decoding takes, with the codec's own copy of the file, bytes. */
export function decodeBytes(probe: ImageProbe, inputBytes: number): number {
  const needed = probe.width * probe.height * DECODE_BYTES_PER_PIXEL[decodeKind(probe)] + inputBytes;
  return probe.format === "png" ? needed : Math.max(needed, EMSCRIPTEN_BASE_BYTES);
}

function decodeKind(probe: ImageProbe): keyof typeof DECODE_BYTES_PER_PIXEL {
  if (probe.format === "png") {
    if (probe.bitDepth === 16) return "png16";
    return probe.components === 4 ? "pngRgba8" : "pngOther8";
  }
  if (probe.format === "webp") {
    if (probe.coding === "lossless") return "webpLossless";
    return probe.hasAlpha ? "webpLossyAlpha" : "webpLossy";
  }
  if (probe.coding === "baseline") return "jpegBaseline";
  return probe.components === 1 ? "jpegProgressiveGray" : "jpegProgressive";
}

/**
 * Memory of the steps after decoding for one output: the window and the resizer's copy of it, the float rows between
 * its two passes, floats of window and result when alpha is premultiplied, the pixels as they are turned, padded and
 * flattened, and the encoder.
 */
export function outputBytes(
  upright: Size,
  geometry: Geometry,
  format: ImageFormat,
  hasAlpha: boolean,
): number {
  const { crop, resized, canvas } = geometry;
  const window = area(crop) < area(upright) ? area(crop) * RGBA_BYTES : 0;
  const isResized = crop.width !== resized.width || crop.height !== resized.height;
  const resize = isResized ? resizeBytes(crop, resized, hasAlpha) : 0;
  const encode = area(canvas) * ENCODE_BYTES_PER_PIXEL[format];
  const base = format === "png" ? 0 : EMSCRIPTEN_BASE_BYTES;
  return window + resize + area(canvas) * RGBA_BYTES * 2 + Math.max(encode, base);
}

function resizeBytes(crop: Size, resized: Size, hasAlpha: boolean): number {
  const perPixel = RGBA_BYTES + (hasAlpha ? FLOAT_RGBA_BYTES : 0);
  // Either side can be the one kept between the passes: a turned picture is resized before it is turned.
  const between = Math.max(resized.width * crop.height, crop.width * resized.height) * FLOAT_RGBA_BYTES;
  return (area(crop) + area(resized)) * perPixel + between;
}

function area({ width, height }: Size): number {
  return width * height;
}
