import type { ImageFormat } from "./output.ts";

/** Words for quality that look alike in every format. */
export const QUALITY_WORDS = ["low", "medium", "high", "maximum"] as const;
export type QualityWord = (typeof QUALITY_WORDS)[number];

const QUALITY = {
  low: { jpeg: 50, webp: 50, png: 100 },
  medium: { jpeg: 70, webp: 70, png: 100 },
  high: { jpeg: 80, webp: 80, png: 100 },
  maximum: { jpeg: 95, webp: 95, png: 100 },
} satisfies Record<QualityWord, Record<ImageFormat, number>>;

/** A quality as the encoders take it, 1–100; `high` when none is given. Numbers are left as they are. */
export function resolveQuality(quality: number | QualityWord | undefined, format: ImageFormat): number {
  return typeof quality === "number" ? quality : QUALITY[quality ?? "high"][format];
}
