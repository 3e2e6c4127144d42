import type { ImageFormat } from "./output.ts";

/** Words for quality that look alike in every format. */
export const QUALITY_WORDS = ["low", "medium", "high", "maximum"] as const;
export type QualityWord = (typeof QUALITY_WORDS)[number];

/**
 * Chosen so that a word has the same structural similarity (`ssim.ts`) to the picture before encoding in every format and
 * on both lanes, on average over generated photos of 512×384 px with detail from 128 px down to 2 px.
 * `npm run bench -- quality` measures it again. SSIM (bytes):
 *
 * | word    | JPEG                 | WebP                 | AVIF, edge           | AVIF, container |
 * |---------|----------------------|----------------------|----------------------|-----------------|
 * | low     | q41, 0.945 (10,268)  | q48, 0.941 (9,235)   | q44, 0.947 (6,651)   | 0.947 (4,776)   |
 * | medium  | q62, 0.969 (14,221)  | q76, 0.968 (12,964)  | q54, 0.966 (8,779)   | 0.975 (8,765)   |
 * | high    | q79, 0.982 (19,299)  | q83, 0.981 (16,223)  | q62, 0.979 (11,714)  | 0.986 (12,148)  |
 * | maximum | q92, 0.994 (35,396)  | q93, 0.993 (28,181)  | q84, 0.993 (20,294)  | 0.994 (22,688)  |
 *
 * JPEG and WebP are the same in both lanes; libaom is given more time in a container.
 * PNG and GIF have their own numbers of colours, and no quality.
 */
const QUALITY = {
  low: { jpeg: 41, webp: 48, png: 100, avif: 44, gif: 100 },
  medium: { jpeg: 62, webp: 76, png: 100, avif: 54, gif: 100 },
  high: { jpeg: 79, webp: 83, png: 100, avif: 62, gif: 100 },
  maximum: { jpeg: 92, webp: 93, png: 100, avif: 84, gif: 100 },
} satisfies Record<QualityWord, Record<ImageFormat, number>>;

/** A quality as the encoders take it, 1–100; `high` when none is given. Numbers are left as they are. */
export function resolveQuality(quality: number | QualityWord | undefined, format: ImageFormat): number {
  return typeof quality === "number" ? quality : QUALITY[quality ?? "high"][format];
}
