import type { ImageFormat } from "./output.ts";

/** Words for quality that look alike in every format. */
export const QUALITY_WORDS = ["low", "medium", "high", "maximum"] as const;
export type QualityWord = (typeof QUALITY_WORDS)[number];

/**
 * Chosen by structural similarity (Wang 2004, 8×8 windows, luma) to the original, averaged over four generated photos
 * of 512×384 px with detail from 128 px down to 2 px, encoded by the codecs of this folder and decoded by libvips:
 *
 * | word    | SSIM  | jpeg: q, bytes | webp: q, bytes |
 * |---------|-------|----------------|----------------|
 * | low     | 0.949 | 40, 10,259     | 38, 8,905      |
 * | medium  | 0.968 | 65, 15,292     | 76, 15,086     |
 * | high    | 0.979 | 80, 28,024     | 84, 20,587     |
 * | maximum | 0.992 | 94, 81,538     | 94, 38,437     |
 *
 * PNG loses nothing at any word. AVIF has, on photos made likewise, the SSIM of WebP's number for the word, at 59–76 %
 * of its bytes (libaom, effort 4).
 */
const QUALITY = {
  low: { jpeg: 40, webp: 38, png: 100, avif: 35 },
  medium: { jpeg: 65, webp: 76, png: 100, avif: 52 },
  high: { jpeg: 80, webp: 84, png: 100, avif: 67 },
  maximum: { jpeg: 94, webp: 94, png: 100, avif: 84 },
} satisfies Record<QualityWord, Record<ImageFormat, number>>;

/** A quality as the encoders take it, 1–100; `high` when none is given. Numbers are left as they are. */
export function resolveQuality(quality: number | QualityWord | undefined, format: ImageFormat): number {
  return typeof quality === "number" ? quality : QUALITY[quality ?? "high"][format];
}
