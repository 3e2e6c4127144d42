import { demandOf, type Sampling } from "./demand.ts";
import type { Framing } from "./framing.ts";
import type { Size } from "./geometry.ts";
import type { ImageFormat, ImageOutput } from "./output.ts";
import type { ImageProbe, SamplingFactors } from "./probe.ts";

/**
 * What one picture costs the edge lane in memory. The factors of the packages' codecs are the size of their linear
 * memory after one call on generated photos of 3 and 12 megapixels (jpeg 1.6.0, png 3.1.1, webp 1.5.0 of @jsquash; avif 2.1.1 at 0.5 and 1 megapixels),
 * less its copy of the file, divided by the pixels, the larger of the two and rounded up. They hold the slack by which
 * those memories grow. What our own kernels take is counted, not measured: see {@link kernelBytes}.
 */
const DECODE_BYTES_PER_PIXEL = {
  webpLossy: 5.1,
  webpLossyAlpha: 7.5,
  webpLossless: 9.7,
};

/** Linear memory of an Emscripten codec before its first picture, bytes. */
const EMSCRIPTEN_BASE_BYTES = 16.2 * 1024 * 1024;

const ENCODE_BYTES_PER_PIXEL = { jpeg: 20, webp: 14, png: 19, avif: 60, gif: 12 } satisfies Record<
  ImageFormat,
  number
>;

/** Lossless WebP keeps tables for every pixel: measured on 0.75 and 1.2 megapixels of photo, the worst there is. */
const LOSSLESS_BYTES_PER_PIXEL = 60;

/** JPEG and AVIF at the best effort, with all samples of colour, and AVIF without loss: measured on noise. */
const DEAR_BYTES_PER_PIXEL = { jpeg: 32, avif: 130 };

const RGBA_BYTES = 4;

/**
 * Memory of the decoder and of the pixels that it hands over, bytes; nothing for a JPEG, which is decoded in the
 * kernels and leaves them only at the size of an output.
 *
 * @param samplings what is looked at; left out: the whole picture as it is
 */
export function decodeBytes(probe: ImageProbe, inputBytes: number, samplings?: Sampling[]): number {
  if (probe.format === "jpeg") return 0;
  if (probe.format === "png") return pngBytes(probe, inputBytes, samplings);
  const pixels = area(probe);
  const decoder = pixels * DECODE_BYTES_PER_PIXEL[decodeKind(probe)] + inputBytes;
  return Math.max(decoder, EMSCRIPTEN_BASE_BYTES) + pixels * RGBA_BYTES;
}

/** A PNG of up to so many px is held, once it is looked at a second time (`png-source.ts`). */
export const HELD_PNG_PIXELS = 12_000_000;
/** What inflating takes beside rows: window, batch and tables. */
const INFLATE_BYTES = 256 * 1024;
/** The row that is inflated, the one that is unfiltered, and the one above it, at 16 bits a sample. */
const PNG_ROW_BYTES = 3 * 8;

/** The file in the kernels with a few rows of it, and the pixels where those are held. */
function pngBytes(probe: ImageProbe, inputBytes: number, samplings: Sampling[] | undefined): number {
  const isRepeated = (samplings?.length ?? 0) > 1 && area(probe) <= HELD_PNG_PIXELS;
  const isWhole = samplings?.some(({ size }) => isSameSize(size, probe)) ?? true;
  const isHeld = probe.coding === "interlaced" || isRepeated || isWhole;
  const rows = INFLATE_BYTES + probe.width * PNG_ROW_BYTES;
  return inputBytes + rows + (isHeld ? area(probe) * RGBA_BYTES : 0);
}

function isSameSize(a: Size, b: Size): boolean {
  return a.width === b.width && a.height === b.height;
}

function decodeKind(probe: ImageProbe): keyof typeof DECODE_BYTES_PER_PIXEL {
  if (probe.coding === "lossless") return "webpLossless";
  return probe.hasAlpha ? "webpLossyAlpha" : "webpLossy";
}

/** Linear memory of the kernels before their first picture, with what grows by less than a page, bytes. */
const KERNEL_BASE_BYTES = 1.2 * 1024 * 1024;
/** Rows that the resizer's ring holds at most: six px of the result, each less than four of the source, and its edges. */
const RING_ROWS = 27;
const RING_SAMPLE_BYTES = 2;
/** Weights of one output sample: up to 32 of two bytes, with its place. */
const WEIGHT_BYTES = 76;
const STRIP_ROWS = 16;

/**
 * Linear memory of our own kernels (`kernels/`), bytes: of a JPEG the file, its planes and what a progressive file
 * keeps until its last scan, or the planes and the largest output; of other formats a few rows and the output.
 */
export function kernelBytes(probe: ImageProbe, samplings: Sampling[], inputBytes: number): number {
  const channels = probe.format === "jpeg" ? 1 : RGBA_BYTES;
  const outputs = samplings.map(
    ({ size }) => area(size) * (probe.format === "jpeg" ? probe.components + RGBA_BYTES : RGBA_BYTES),
  );
  const resizers = samplings.map(({ size }) => {
    const ring = probe.width * channels * RING_SAMPLE_BYTES * RING_ROWS;
    return ring + (size.width + size.height) * WEIGHT_BYTES;
  });
  const rendering = Math.max(...outputs) + Math.max(...resizers);
  if (probe.format !== "jpeg") {
    return KERNEL_BASE_BYTES + rendering + probe.width * RGBA_BYTES * STRIP_ROWS;
  }
  const planes = planeSamples(probe, samplings);
  const decoding = inputBytes + planes + (probe.coding === "progressive" ? waitingBytes(probe, planes) : 0);
  return KERNEL_BASE_BYTES + Math.max(decoding, planes + rendering);
}

/** The kernels decode to 1/8, 1/4, 1/2 or 1/1 of each side. */
const DECODE_SCALES = [1 / 8, 1 / 4, 1 / 2];
/** Whole blocks of the coarsest component are decoded: up to 32 px more on each side of the window. */
const BLOCK_PX = 64;

/**
 * Bytes of all planes. A component with half the samples of another is decoded at twice its scale, as far as it has
 * samples: at 1/1 the colour of a 4:2:0 file is a quarter of its luma.
 */
function planeSamples(probe: ImageProbe, samplings: Sampling[]): number {
  const { scaleX, scaleY, window } = demandOf(probe, samplings);
  const side = (length: number, wanted: number, factor: number, most: number) =>
    ((length + BLOCK_PX) * factor * decodeScale((wanted * most) / factor)) / most;
  return sumOfComponents(probe, ({ horizontal, vertical }, most) => {
    const width = side(window.width, scaleX, horizontal, most.horizontal);
    return width * side(window.height, scaleY, vertical, most.vertical);
  });
}

/** @param of told the factors of a component and the largest of any */
function sumOfComponents(
  { components, samplingFactors }: ImageProbe,
  of: (one: SamplingFactors, most: SamplingFactors) => number,
): number {
  const all = samplingFactors ?? Array.from({ length: components }, () => ({ horizontal: 1, vertical: 1 }));
  const horizontal = Math.max(...all.map((one) => one.horizontal));
  const vertical = Math.max(...all.map((one) => one.vertical));
  return all.reduce((sum, one) => sum + of(one, { horizontal, vertical }), 0);
}

function decodeScale(wanted: number): number {
  return DECODE_SCALES.find((scale) => scale >= wanted) ?? 1;
}

/** Coefficients of two bytes for each sample, and for each block of 64 px of a component a word of 64 bits. */
function waitingBytes(probe: ImageProbe, planes: number): number {
  const blocks = sumOfComponents(
    probe,
    (one, most) => (area(probe) * one.horizontal * one.vertical) / (most.horizontal * most.vertical) / 64,
  );
  return planes * 2 + blocks * 8;
}

/**
 * Memory of the steps after resampling for one output: the pixels as they are resampled, then two pictures at a time as
 * they go from step to step, what sharpening keeps beside them, and the encoder; where files are looked at before one is
 * chosen, their decoder and what it hands over as well.
 */
export function outputBytes({ geometry, size }: Framing, output: ImageOutput): number {
  const encode = area(size) * encodeBytesPerPixel(output);
  const base = output.format === "png" ? 0 : EMSCRIPTEN_BASE_BYTES;
  const steps = area(size) * RGBA_BYTES * 2 + (output.sharpen ? area(geometry.resized) * 2 * RGBA_BYTES : 0);
  return area(geometry.resized) * RGBA_BYTES + steps + Math.max(encode, base) + lookBytes(size, output);
}

function encodeBytesPerPixel(output: ImageOutput): number {
  const { format } = output;
  if (format === "webp" && (output.lossless || output.losslessIfFlat)) return LOSSLESS_BYTES_PER_PIXEL;
  return (format === "jpeg" || format === "avif") && isDear(output)
    ? DEAR_BYTES_PER_PIXEL[format]
    : ENCODE_BYTES_PER_PIXEL[format];
}

/** Whether an encoder is asked for more than its usual work for each pixel. */
export function isDear({ lossless, effort, chromaSubsampling }: ImageOutput): boolean {
  return lossless === true || effort === "best" || chromaSubsampling === "4:4:4";
}

/** Memory of reading a file again to see how like its picture it is. */
function lookBytes(size: Size, { format, qualityTarget }: ImageOutput): number {
  if (qualityTarget === undefined || !("ssim" in qualityTarget) || format === "png") return 0;
  // A JPEG goes through the kernels, at 1/1 and with its colour planes; WebP through libwebp.
  const decoder = format === "jpeg" ? area(size) * 3 : EMSCRIPTEN_BASE_BYTES;
  return Math.max(decoder, area(size) * DECODE_BYTES_PER_PIXEL.webpLossyAlpha) + area(size) * RGBA_BYTES;
}

/** Memory of marking one output: its copy, the decoder of the logo, and the logo at the size at which it is drawn. */
export function markBytes(canvas: Size, drawn: Size, logo: ImageProbe, logoBytes: number): number {
  return (area(canvas) + area(drawn) * 2) * RGBA_BYTES + decodeBytes(logo, logoBytes);
}

function area({ width, height }: Size): number {
  return width * height;
}
