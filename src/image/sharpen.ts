import { boxesFor, createLineBlur } from "./line-blur.ts";
import { lumaOf } from "./luma.ts";
import type { Pixels } from "./pixels.ts";

/** How wide the detail is that gets crisper, px: what resampling softens. */
const DETAIL_SIGMA = 1;

/**
 * Adds `amount` times what sets each pixel's brightness apart from its surroundings (an unsharp mask). All channels
 * are given the same, so that edges gain no colour of their own.
 */
export function sharpenPixels(pixels: Pixels, amount: number): Pixels {
  const { width, height } = pixels;
  const luma = lumaOf(pixels);
  const soft = luma.slice();
  const blurLine = createLineBlur(boxesFor(DETAIL_SIGMA), Math.max(width, height));
  for (let row = 0; row < height; row++) blurLine(soft, row * width, 1, width);
  for (let column = 0; column < width; column++) blurLine(soft, column, width, height);
  const data = pixels.data.slice();
  for (let pixel = 0; pixel < luma.length; pixel++) {
    const detail = ((luma[pixel] ?? 0) - (soft[pixel] ?? 0)) * amount;
    for (let at = pixel * 4; at < pixel * 4 + 3; at++) data[at] = (data[at] ?? 0) + detail;
  }
  return { width, height, data };
}
