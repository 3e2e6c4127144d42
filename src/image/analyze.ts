import { encode as encodeBlurhash } from "blurhash";
import { rgbaToThumbHash } from "thumbhash";
import { dominantColor } from "./analyze/dominant-color.ts";
import { entropyOf } from "./analyze/entropy.ts";
import { type Interest, measureInterest } from "./interest.ts";
import { lumaOf } from "./luma.ts";
import type { Pixels } from "./pixels.ts";

/** What a small copy of a picture tells of it. */
export interface ImageAnalysis {
  /** `#rrggbb`: the colour of which there is most. */
  dominantColor: string;
  /** https://evanw.github.io/thumbhash/, base64. */
  thumbhash: string;
  /** https://blurha.sh, 4×3 components. */
  blurhash: string;
  /** Shannon entropy of brightness, 0 (one tone) to 8 bit. */
  entropy: number;
  /** Where crops should lie. */
  interest: { attention: Interest; entropy: Interest };
}

/** Longest side of the picture that is analysed, px; ThumbHash takes no more than 100. */
export const ANALYSIS_SIDE_PX = 96;

/** @param small the whole upright picture, no side longer than {@link ANALYSIS_SIDE_PX} */
export function analyzePixels(small: Pixels): ImageAnalysis {
  const { width, height, data } = small;
  return {
    dominantColor: dominantColor(small),
    thumbhash: toBase64(rgbaToThumbHash(width, height, data)),
    blurhash: encodeBlurhash(data, width, height, 4, 3),
    entropy: Math.round(entropyOf(lumaOf(small)) * 100) / 100,
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
