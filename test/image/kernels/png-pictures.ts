import type { PngPicture } from "./png-writer.ts";

/** Every kind of pixel that PNG has (third edition, table 8). */
export const PNG_KINDS = [
  ...([1, 2, 4, 8, 16] as const).map((bitDepth) => ({ colorType: 0, bitDepth }) as const),
  ...([8, 16] as const).map((bitDepth) => ({ colorType: 2, bitDepth }) as const),
  ...([1, 2, 4, 8] as const).map((bitDepth) => ({ colorType: 3, bitDepth }) as const),
  ...([8, 16] as const).map((bitDepth) => ({ colorType: 4, bitDepth }) as const),
  ...([8, 16] as const).map((bitDepth) => ({ colorType: 6, bitDepth }) as const),
];
export type PngKind = (typeof PNG_KINDS)[number];

/** Something like a picture in any kind of pixel, with a colour in it that tRNS can name. */
export function pngPicture(kind: PngKind, width: number, height: number, hasKey = false): PngPicture {
  const top = 2 ** kind.bitDepth - 1;
  const sample = (x: number, y: number, index: number) =>
    Math.round(((Math.sin(x / 7 + index) * Math.cos(y / 5) + 1) / 2) * top) ^ (((x * y + index) % 3) & top);
  const key = [0, 1, 2].map((index) => sample(1, 1, index)).flatMap((value) => [value >> 8, value & 255]);
  const entries = 2 ** kind.bitDepth;
  const palette = Array.from({ length: entries * 3 }, (_, at) => (at * 89 + 13) % 256);
  const alphas = Array.from({ length: Math.ceil(entries / 2) }, (_, at) => (at * 67) % 256);
  return {
    ...kind,
    width,
    height,
    sample,
    ...(kind.colorType === 3 && { palette }),
    ...(hasKey && {
      transparency: kind.colorType === 3 ? alphas : key.slice(0, kind.colorType === 0 ? 2 : 6),
    }),
  };
}

/** Kinds that may have a tRNS chunk. */
export function mayHaveKey({ colorType }: PngKind): boolean {
  return colorType === 0 || colorType === 2 || colorType === 3;
}

/** RGBA as the specification wants it, 16 bits rounded to 8. */
export function pngPixels({ width, height, colorType, bitDepth, sample, palette, transparency }: PngPicture) {
  const data = new Uint8ClampedArray(width * height * 4);
  const eight = (value: number) => Math.round((value * 255) / (2 ** bitDepth - 1));
  const keyed = (index: number) =>
    ((transparency?.[index * 2] ?? 0) << 8) | (transparency?.[index * 2 + 1] ?? 0);
  for (let at = 0; at < width * height; at++) {
    const [r = 0, g = 0, b = 0, a = 0] = [0, 1, 2, 3].map((index) =>
      sample(at % width, Math.floor(at / width), index),
    );
    const key =
      transparency !== undefined && r === keyed(0) && (colorType === 0 || (g === keyed(1) && b === keyed(2)));
    const opaque = key ? 0 : 255;
    const pixels = {
      0: [eight(r), eight(r), eight(r), opaque],
      2: [eight(r), eight(g), eight(b), opaque],
      3: [...(palette ?? []).slice(r * 3, r * 3 + 3), transparency?.[r] ?? 255],
      4: [eight(r), eight(r), eight(r), eight(g)],
      6: [eight(r), eight(g), eight(b), eight(a)],
    };
    data.set(pixels[colorType], at * 4);
  }
  return data;
}
