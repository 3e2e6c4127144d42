import type { Pixels } from "./pixels.ts";

/**
 * Lays a picture over an opaque colour, for formats without alpha. The background's own alpha is not looked at: there
 * is nothing behind it. Opaque pixels are left untouched, so a picture without alpha comes back equal.
 *
 * @param background [r, g, b, a], 0–255
 */
export function flattenPixels(pixels: Pixels, background: readonly number[]): Pixels {
  const [red = 255, green = 255, blue = 255] = background;
  const data = pixels.data.slice();
  for (let at = 0; at < data.length; at += 4) {
    const alpha = (data[at + 3] ?? 255) / 255;
    if (alpha === 1) continue;
    data[at] = (data[at] ?? 0) * alpha + red * (1 - alpha);
    data[at + 1] = (data[at + 1] ?? 0) * alpha + green * (1 - alpha);
    data[at + 2] = (data[at + 2] ?? 0) * alpha + blue * (1 - alpha);
    data[at + 3] = 255;
  }
  return { width: pixels.width, height: pixels.height, data };
}
