import type { Size } from "../geometry.ts";

/** Pixels that come together: those of one pass of an interlaced picture, or all. */
export interface PngPass extends Size {
  /** Where its first pixel lies, px. */
  left: number;
  top: number;
  /** From one of its pixels to the next, px. */
  stepX: number;
  stepY: number;
}

/** PNG third edition §8.2: left, top, step across, step down. */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** The passes of a picture that have any pixels. */
export function passesOf({ width, height }: Size, isInterlaced: boolean): PngPass[] {
  if (!isInterlaced) return [{ width, height, left: 0, top: 0, stepX: 1, stepY: 1 }];
  return ADAM7.map(([left, top, stepX, stepY]) => ({
    left,
    top,
    stepX,
    stepY,
    width: Math.max(0, Math.ceil((width - left) / stepX)),
    height: Math.max(0, Math.ceil((height - top) / stepY)),
  })).filter((pass) => pass.width > 0 && pass.height > 0);
}
