import { lumaOf } from "../luma.ts";
import type { Pixels } from "../pixels.ts";

/** The picture is looked at in this many cells each way, whatever its shape. */
const CELLS = 32;
/** Waves of each direction that count, from the first that is not flat. */
const WAVES = 8;
/**
 * A picture whose strongest wave is weaker than this, in levels of brightness, has nothing to be known by: it is one tone,
 * or grain alone (of standard deviation 20, whose strongest wave is about 1.5).
 */
const LEAST_WAVE = 2;

/** `COSINES[wave][cell]` of the discrete cosine transform (DCT-II), for waves 1 to {@link WAVES}. */
const COSINES = Array.from({ length: WAVES }, (_, wave) =>
  Float64Array.from({ length: CELLS }, (_, cell) => Math.cos((Math.PI / CELLS) * (cell + 0.5) * (wave + 1))),
);

/**
 * The 64-bit DCT hash of a picture (Zauner 2010, §3.2.1): a bit for each of its 64 slowest waves, set where it is above
 * their median. Copies of another size, format or quality differ in a few bits, other pictures in about half.
 *
 * @param small the whole upright picture
 * @returns 16 hex digits; null for a picture without features, which would be like every other such
 */
export function perceptualHash(small: Pixels): string | null {
  const cells = cellsOf(small);
  const waves: number[] = [];
  for (const down of COSINES) for (const across of COSINES) waves.push(strengthOf(cells, across, down));
  if (Math.max(...waves.map(Math.abs)) < LEAST_WAVE) return null;
  const median = [...waves].sort((a, b) => a - b)[waves.length / 2] ?? 0;
  const bits = waves.map((wave) => (wave >= median ? 1 : 0));
  const digits: string[] = [];
  for (let at = 0; at < bits.length; at += 4)
    digits.push(Number.parseInt(bits.slice(at, at + 4).join(""), 2).toString(16));
  return digits.join("");
}

/** Mean brightness of each cell, what is transparent as gray; a cell holds the nearest px where there are fewer than cells. */
function cellsOf(small: Pixels): Float64Array {
  const { width, height, data } = small;
  const luma = lumaOf(small).map((light, at) => 128 + ((light - 128) * (data[at * 4 + 3] ?? 255)) / 255);
  const cells = new Float64Array(CELLS * CELLS);
  for (let row = 0; row < CELLS; row++) {
    const [top, bottom] = rangeOf(row, height);
    for (let column = 0; column < CELLS; column++) {
      const [left, right] = rangeOf(column, width);
      let sum = 0;
      for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) sum += luma[y * width + x] ?? 0;
      cells[row * CELLS + column] = sum / ((bottom - top) * (right - left));
    }
  }
  return cells;
}

function rangeOf(cell: number, pixels: number): [from: number, to: number] {
  const from = Math.floor((cell * pixels) / CELLS);
  return [from, Math.max(from + 1, Math.floor(((cell + 1) * pixels) / CELLS))];
}

/** How strong a wave is in the picture, brightness levels. */
function strengthOf(cells: Float64Array, across: Float64Array, down: Float64Array): number {
  let sum = 0;
  for (let row = 0; row < CELLS; row++) {
    let line = 0;
    for (let column = 0; column < CELLS; column++)
      line += (cells[row * CELLS + column] ?? 0) * (across[column] ?? 0);
    sum += line * (down[row] ?? 0);
  }
  return (sum * 4) / (CELLS * CELLS);
}
