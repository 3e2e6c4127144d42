import { entropyOf } from "../analyze/entropy.ts";
import { lumaOf } from "../luma.ts";
import type { Pixels } from "../pixels.ts";

const BLOCK_PX = 8;
const LEVELS = 16;

/** How much is going on around each pixel: the Shannon entropy of brightness in its block of 8×8, 0–4 bit. */
export function entropyScores(pixels: Pixels): Float32Array {
  const { width, height } = pixels;
  const luma = lumaOf(pixels);
  const scores = new Float32Array(luma.length);
  for (let top = 0; top < height; top += BLOCK_PX) {
    for (let left = 0; left < width; left += BLOCK_PX) {
      const block = pixelsOfBlock(left, top, width, height);
      const entropy = entropyOf(
        block.map((pixel) => luma[pixel] ?? 0),
        LEVELS,
      );
      for (const pixel of block) scores[pixel] = entropy;
    }
  }
  return scores;
}

function pixelsOfBlock(left: number, top: number, width: number, height: number): number[] {
  const pixels: number[] = [];
  for (let row = top; row < Math.min(height, top + BLOCK_PX); row++) {
    for (let column = left; column < Math.min(width, left + BLOCK_PX); column++)
      pixels.push(row * width + column);
  }
  return pixels;
}
