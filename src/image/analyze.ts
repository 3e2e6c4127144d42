import { rgbaToThumbHash } from "thumbhash";
import type { ImageAnalysis } from "./analysis.ts";
import { blurhashOf } from "./analyze/blurhash.ts";
import { dominantColor } from "./analyze/dominant-color.ts";
import { entropyOf } from "./analyze/entropy.ts";
import { perceptualHash } from "./analyze/perceptual-hash.ts";
import { type Interest, measureInterest } from "./interest.ts";
import { lumaOf } from "./luma.ts";
import type { Pixels } from "./pixels.ts";

/** @param small the whole upright picture, no side longer than `ANALYSIS_SIDE_PX` */
export function analyzePixels(small: Pixels): ImageAnalysis {
  const { width, height, data } = small;
  return {
    dominantColor: dominantColor(small),
    thumbhash: toBase64(rgbaToThumbHash(width, height, data)),
    blurhash: blurhashOf(small),
    entropy: Math.round(entropyOf(lumaOf(small)) * 100) / 100,
    perceptualHash: perceptualHash(small),
    interest: {
      attention: rounded(measureInterest(small, "attention")),
      entropy: rounded(measureInterest(small, "entropy")),
    },
  };
}

/** Two places are plenty, and a third of the text. */
function rounded({ columns, rows }: Interest): Interest {
  const round = (values: number[]) => values.map((value) => Math.round(value * 100) / 100);
  return { columns: round(columns), rows: round(rows) };
}

function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}
