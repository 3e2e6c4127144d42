import type { ImageOutput } from "./output.ts";
import type { Pixels } from "./pixels.ts";

/** Weights of red, green and blue in what the eye takes for brightness (ITU-R BT.709 §3). */
const LUMA = [0.2126, 0.7152, 0.0722] as const;

/**
 * Gamma, brightness and contrast through one table, then saturation; alpha stays. Gamma g raises the encoded value to
 * 1/g; brightness multiplies it; contrast stretches it around middle gray.
 */
export function adjustPixels(pixels: Pixels, adjust: NonNullable<ImageOutput["adjust"]>): Pixels {
  const table = toneTable(adjust);
  const data = pixels.data.slice();
  const saturation = adjust.saturation ?? 1;
  for (let at = 0; at < data.length; at += 4) {
    const red = table[data[at] ?? 0] ?? 0;
    const green = table[data[at + 1] ?? 0] ?? 0;
    const blue = table[data[at + 2] ?? 0] ?? 0;
    const gray = LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue;
    data[at] = gray + (red - gray) * saturation;
    data[at + 1] = gray + (green - gray) * saturation;
    data[at + 2] = gray + (blue - gray) * saturation;
  }
  return { width: pixels.width, height: pixels.height, data };
}

function toneTable({ gamma = 1, brightness = 1, contrast = 1 }: NonNullable<ImageOutput["adjust"]>) {
  return Float32Array.from({ length: 256 }, (_, value) => {
    const lit = 255 * (value / 255) ** (1 / gamma) * brightness;
    return Math.min(255, Math.max(0, (lit - 127.5) * contrast + 127.5));
  });
}
