import type { Pixels } from "./pixels.ts";

/** Windows of 8×8 px in steps of 4: blocks of 4×4 are summed once, and every window is four of them. */
const BLOCK = 4;
/** What keeps flat windows from dividing by nothing (Wang 2004, K1 and K2). */
const C1 = (0.01 * 255) ** 2;
const C2 = (0.03 * 255) ** 2;

/** Sums of a block: both brightnesses, their squares, and their product. */
const SUMS = 5;

/**
 * Structural similarity of two pictures of one size, 1 for the same (Wang, Bovik, Sheikh, Simoncelli 2004; mean over
 * windows of 8×8 px, brightness only). It costs about 1 % of an encode. What is transparent is compared as it lies on
 * gray, so that colours that nobody sees have no say.
 */
export function ssimOf(picture: Pixels, reference: Pixels): number {
  const { width, height } = reference;
  const columns = Math.ceil(width / BLOCK);
  let above = sumRow(picture, reference, 0, columns);
  let total = 0;
  let windows = 0;
  for (let top = 0; top === 0 || top + BLOCK < height; top += BLOCK) {
    const below = top + BLOCK < height ? sumRow(picture, reference, top + BLOCK, columns) : undefined;
    const pixelRows = Math.min(2 * BLOCK, height - top);
    for (let column = 0; column === 0 || column + 1 < columns; column++) {
      const pixels = pixelRows * Math.min(2 * BLOCK, width - column * BLOCK);
      total += windowSsim(above, below, column, columns, pixels);
      windows++;
    }
    if (below) above = below;
  }
  return total / windows;
}

/** The sums of one row of blocks; blocks at the edges are as large as what is left. */
function sumRow(picture: Pixels, reference: Pixels, top: number, columns: number): Float64Array {
  const { width, height } = reference;
  const sums = new Float64Array(columns * SUMS);
  for (let y = top; y < Math.min(top + BLOCK, height); y++) {
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 4;
      const a = brightness(picture.data, at);
      const b = brightness(reference.data, at);
      const block = Math.floor(x / BLOCK) * SUMS;
      sums[block] = (sums[block] ?? 0) + a;
      sums[block + 1] = (sums[block + 1] ?? 0) + b;
      sums[block + 2] = (sums[block + 2] ?? 0) + a * a;
      sums[block + 3] = (sums[block + 3] ?? 0) + b * b;
      sums[block + 4] = (sums[block + 4] ?? 0) + a * b;
    }
  }
  return sums;
}

const GRAY = 128;

/** Of the encoded values, weighed as lossy formats do (ITU-R BT.601), over gray. */
function brightness(data: Uint8ClampedArray, at: number): number {
  const light = 0.299 * (data[at] ?? 0) + 0.587 * (data[at + 1] ?? 0) + 0.114 * (data[at + 2] ?? 0);
  const alpha = data[at + 3] ?? 255;
  return alpha === 255 ? light : GRAY + ((light - GRAY) * alpha) / 255;
}

function windowSsim(
  above: Float64Array,
  below: Float64Array | undefined,
  column: number,
  columns: number,
  pixels: number,
): number {
  const sum = (which: number) => {
    const at = column * SUMS + which;
    const next = column + 1 < columns ? at + SUMS : -1;
    return (above[at] ?? 0) + (above[next] ?? 0) + (below?.[at] ?? 0) + (below?.[next] ?? 0);
  };
  const [meanA, meanB] = [sum(0) / pixels, sum(1) / pixels];
  const varianceA = sum(2) / pixels - meanA * meanA;
  const varianceB = sum(3) / pixels - meanB * meanB;
  const covariance = sum(4) / pixels - meanA * meanB;
  const light = (2 * meanA * meanB + C1) / (meanA ** 2 + meanB ** 2 + C1);
  return (light * (2 * covariance + C2)) / (varianceA + varianceB + C2);
}
