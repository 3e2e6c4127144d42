import type { PngChunks } from "./png-chunks.ts";

const PALETTE = 3;
const OPAQUE = 255;

/**
 * RGBA for each of 256 samples: of the palette, or shades of gray. Samples without an entry in the palette are opaque
 * black, as in libpng.
 */
export function sampleColors(png: PngChunks): Uint8Array {
  const colors = new Uint8Array(256 * 4);
  const fill = png.colorType === PALETTE ? paletteColor : grayColor;
  for (let sample = 0; sample < 256; sample++) colors.set(fill(png, sample), sample * 4);
  return colors;
}

function paletteColor({ palette, transparency }: PngChunks, sample: number): number[] {
  const [red = 0, green = 0, blue = 0] = palette?.subarray(sample * 3, sample * 3 + 3) ?? [];
  return [red, green, blue, transparency?.[sample] ?? OPAQUE];
}

function grayColor(png: PngChunks, sample: number): number[] {
  const gray = (sample * 255) / (2 ** Math.min(png.bitDepth, 8) - 1);
  return [gray, gray, gray, transparentColor(png)[0] === sample ? 0 : OPAQUE];
}

/** The colour that tRNS makes transparent, in samples as stored; −1 when there is none. */
export function transparentColor({ colorType, transparency }: PngChunks): [number, number, number] {
  const sample = (at: number) => ((transparency?.[at * 2] ?? 0) << 8) | (transparency?.[at * 2 + 1] ?? 0);
  if (colorType === 0 && transparency?.length === 2) return [sample(0), sample(0), sample(0)];
  if (colorType === 2 && transparency?.length === 6) return [sample(0), sample(1), sample(2)];
  return [-1, -1, -1];
}
