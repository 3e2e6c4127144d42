import { boxesFor, createLineBlur } from "./line-blur.ts";
import type { Pixels } from "./pixels.ts";

/**
 * Blurs with a Gaussian, the edges continued outwards. Colour is weighted by alpha, so that what lies under transparent
 * pixels does not bleed into what is seen. The cost does not depend on how strong the blur is.
 *
 * @param sigma standard deviation, px, as in CSS's `blur()`
 */
export function blurPixels(pixels: Pixels, sigma: number): Pixels {
  const { width, height } = pixels;
  const data = premultiplied(pixels.data);
  const blurLine = createLineBlur(boxesFor(sigma), Math.max(width, height));
  for (let channel = 0; channel < 4; channel++) {
    for (let row = 0; row < height; row++) blurLine(data, row * width * 4 + channel, 4, width);
    for (let column = 0; column < width; column++) blurLine(data, column * 4 + channel, width * 4, height);
  }
  return { width, height, data: divided(data) };
}

function premultiplied(source: Uint8ClampedArray): Uint8ClampedArray<ArrayBuffer> {
  const data = new Uint8ClampedArray(source);
  for (let at = 0; at < data.length; at += 4) {
    const alpha = (data[at + 3] ?? 255) / 255;
    if (alpha === 1) continue;
    for (let channel = at; channel < at + 3; channel++) data[channel] = (data[channel] ?? 0) * alpha;
  }
  return data;
}

/** Undoes {@link premultiplied} in place. */
function divided(data: Uint8ClampedArray<ArrayBuffer>): Uint8ClampedArray<ArrayBuffer> {
  for (let at = 0; at < data.length; at += 4) {
    const alpha = (data[at + 3] ?? 255) / 255;
    if (alpha === 1 || alpha === 0) continue;
    for (let channel = at; channel < at + 3; channel++) data[channel] = (data[channel] ?? 0) / alpha;
  }
  return data;
}
