import type { Pixels } from "./pixels.ts";

/**
 * Lays a picture over a colour that may be see-through itself (source-over, W3C Compositing Level 1 §9.1.4).
 *
 * @param background [r, g, b, a], 0–255
 */
export function underlayPixels(pixels: Pixels, background: readonly number[]): Pixels {
  const [red = 0, green = 0, blue = 0, backing = 255] = background;
  const below = [red, green, blue];
  const data = pixels.data.slice();
  for (let at = 0; at < data.length; at += 4) {
    const alpha = (data[at + 3] ?? 255) / 255;
    if (alpha === 1) continue;
    const shown = (backing / 255) * (1 - alpha);
    const both = alpha + shown;
    data[at + 3] = both * 255;
    for (let channel = 0; channel < 3; channel++) {
      const mixed = (data[at + channel] ?? 0) * alpha + (below[channel] ?? 0) * shown;
      data[at + channel] = both === 0 ? 0 : mixed / both;
    }
  }
  return { width: pixels.width, height: pixels.height, data };
}
