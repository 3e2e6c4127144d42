import type { Rectangle } from "./geometry.ts";
import type { Pixels } from "./pixels.ts";

/** Cuts a window out of a picture; the picture itself when the window is all of it. The input is left as it is. */
export function cropPixels(pixels: Pixels, window: Rectangle): Pixels {
  const { left, top, width, height } = window;
  if (left === 0 && top === 0 && width === pixels.width && height === pixels.height) return pixels;
  const data = new Uint8ClampedArray(width * height * 4);
  for (let row = 0; row < height; row++) {
    const start = ((top + row) * pixels.width + left) * 4;
    data.set(pixels.data.subarray(start, start + width * 4), row * width * 4);
  }
  return { width, height, data };
}
