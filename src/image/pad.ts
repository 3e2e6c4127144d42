import type { Rectangle } from "./geometry.ts";
import type { Pixels } from "./pixels.ts";

/**
 * Sets a picture on a canvas of one colour; the picture itself when the canvas is no larger.
 *
 * @param canvas size of the result, and where the picture lies in it, px
 * @param background [r, g, b, a], 0–255
 */
export function padPixels(pixels: Pixels, canvas: Rectangle, background: readonly number[]): Pixels {
  if (canvas.width === pixels.width && canvas.height === pixels.height) return pixels;
  const data = new Uint8ClampedArray(canvas.width * canvas.height * 4);
  const color = new Uint32Array(Uint8ClampedArray.from(background).buffer)[0] ?? 0;
  new Uint32Array(data.buffer).fill(color);
  for (let row = 0; row < pixels.height; row++) {
    const from = row * pixels.width * 4;
    const to = ((canvas.top + row) * canvas.width + canvas.left) * 4;
    data.set(pixels.data.subarray(from, from + pixels.width * 4), to);
  }
  return { width: canvas.width, height: canvas.height, data };
}
