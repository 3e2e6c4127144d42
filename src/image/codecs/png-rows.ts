import { MediaError } from "../../errors.ts";
import type { Rectangle, Size } from "../geometry.ts";
import type { Pixels } from "../pixels.ts";
import { type PngPass, passesOf } from "./adam7.ts";
import { FILTERS, type Filters, type KernelInstance, kernels, takePixels } from "./kernels.ts";
import { type PngChunks, readPngChunks } from "./png-chunks.ts";
import { sampleColors, transparentColor } from "./png-colors.ts";
import { rowsNeeded } from "./resize.ts";

/** The words for each status of `kernels/png/status.ts`, from 1 on. */
const FAILURES = [
  "its data ends before its picture does",
  "its data does not begin as zlib data does",
  "a compressed block of it makes no sense",
  "a table of codes makes no sense",
  "its data holds a code that its table does not",
  "its data repeats what was never there",
  "a row is filtered in a way that does not exist",
  "the checksum of its pixels is wrong",
] as const;

/** Samples of a pixel, by colour type (PNG third edition, table 8). */
const SAMPLES: Record<number, number> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/**
 * Resamples a window of a PNG without ever holding the picture: rows are inflated, unfiltered and handed to the resizer a
 * few at a time, and those below the window not at all.
 *
 * @param hasAlpha colour is weighted by alpha
 * @throws MediaError `corrupt_image`, `unsupported_image` when even rows are too much for this lane
 */
export async function resamplePng(
  input: Uint8Array,
  window: Rectangle,
  size: Size,
  filters: Filters,
  hasAlpha: boolean,
): Promise<Pixels> {
  const png = readPngChunks(input);
  return await kernels.use((instance) => {
    instance.work++;
    const { exports } = instance;
    const rows = rowsNeeded(png, window, size);
    const strip = exports.startPixels(
      png.width,
      rows.end - rows.first,
      window.left,
      window.top - rows.first,
      window.width,
      window.height,
      size.width,
      size.height,
      hasAlpha,
      FILTERS[filters.horizontal],
      FILTERS[filters.vertical],
    );
    startReading(instance, png, strip);
    exports.beginPass(png.width, png.height, true);
    takeRows(instance, rows.first, () => 0);
    takeRows(instance, rows.end - rows.first, (count) => exports.pushStrip(count), strip);
    return { ...size, data: takePixels(exports, exports.pixelsOutput(), size.width * size.height) };
  });
}

/** Decodes a whole PNG to RGBA; fails as {@link resamplePng} does. */
export async function decodePng(input: Uint8Array): Promise<Pixels> {
  const png = readPngChunks(input);
  const { width, height } = png;
  return await kernels.use((instance) => {
    instance.work++;
    const strip = instance.exports.startStrip(width);
    startReading(instance, png, strip);
    const data = new Uint8ClampedArray(width * height * 4);
    const passes = passesOf(png, png.isInterlaced);
    for (const [index, pass] of passes.entries()) {
      instance.exports.beginPass(pass.width, pass.height, index === passes.length - 1);
      takePass(instance, pass, strip, { width, height, data });
    }
    return { width, height, data };
  });
}

/** Puts the file into the kernels and begins to read it; `strip` is what was set up before, 0 when it failed. */
function startReading({ exports }: KernelInstance, png: PngChunks, strip: number): void {
  const bytes = png.data.reduce((sum, part) => sum + part.length, 0);
  const samples = SAMPLES[png.colorType] ?? 4;
  const address = strip && exports.startPng(bytes, png.width, png.colorType, samples, png.bitDepth);
  if (address === 0) {
    throw new MediaError("unsupported_image", "The picture needs more memory than this lane has.");
  }
  const memory = new Uint8Array(exports.memory.buffer);
  let at = address >>> 0;
  for (const part of png.data) {
    memory.set(part, at);
    at += part.length;
  }
  memory.set(sampleColors(png), exports.SAMPLE_COLORS.value >>> 0);
  exports.setTransparentColor(...transparentColor(png));
  if (exports.beginPng() !== 0) throw failure(exports.pngStatus.value);
}

/**
 * Takes rows of a pass, a strip at a time.
 *
 * @param use told how many rows lie in the strip
 * @param strip left out: the rows are passed over
 */
function takeRows({ exports }: KernelInstance, rows: number, use: (count: number) => void, strip = 0): void {
  const most = exports.stripRows();
  for (let done = 0; done < rows; ) {
    const count = exports.nextPngRows(strip, Math.min(most, rows - done));
    if (exports.pngStatus.value !== 0) throw failure(exports.pngStatus.value);
    use(count);
    done += count;
  }
}

/** Copies the pixels of a pass to their places. */
function takePass(instance: KernelInstance, pass: PngPass, strip: number, { width, data }: Pixels): void {
  const pixels = new Uint32Array(data.buffer);
  let row = 0;
  const copy = (count: number) => {
    const rows = new Uint32Array(instance.exports.memory.buffer, strip >>> 0, count * pass.width);
    for (let i = 0; i < count; i++, row++) {
      const start = (pass.top + row * pass.stepY) * width + pass.left;
      const stored = rows.subarray(i * pass.width, (i + 1) * pass.width);
      if (pass.stepX === 1) pixels.set(stored, start);
      else for (let x = 0; x < pass.width; x++) pixels[start + x * pass.stepX] = stored[x] ?? 0;
    }
  };
  takeRows(instance, pass.height, copy, strip);
}

function failure(status: number): MediaError {
  const what = FAILURES[status - 1] ?? `status ${status}`;
  return new MediaError("corrupt_image", `The PNG cannot be decoded: ${what}.`, { isDoubtful: true });
}
