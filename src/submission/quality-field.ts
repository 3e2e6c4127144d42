import { z } from "@hono/zod-openapi";
import type { ImageFormat, ImageOutput } from "../image/output.ts";
import { QUALITY_WORDS, resolveQuality } from "../image/quality.ts";

/** A quality as a client asks for it: a number, a word that looks alike in every format, or what it is to lead to. */
export const qualitySpecification = z
  .union([
    z.int().min(1).max(100),
    z.enum(QUALITY_WORDS),
    /** Images: the smallest file whose picture is this similar to the finished one, 1 being the same. */
    z.strictObject({ ssim: z.number().min(0.5).max(0.9999) }),
    /** Images: the best file of at most as many bytes; none that is larger is ever made. */
    z.strictObject({ max_bytes: z.int().min(64).max(1_000_000_000) }),
  ])
  .openapi("Quality");
export type QualitySpecification = z.infer<typeof qualitySpecification>;

/** Whether a quality is one that only pictures have. */
export function isTarget(quality: QualitySpecification | undefined): boolean {
  return typeof quality === "object";
}

/** The quality of one image; for a target the number where the search for it begins. */
export function qualityOf(
  quality: QualitySpecification | undefined,
  format: ImageFormat,
): Pick<ImageOutput, "quality" | "qualityTarget"> {
  if (typeof quality !== "object") return { quality: resolveQuality(quality, format) };
  const first = resolveQuality("high", format);
  if ("ssim" in quality) return { quality: first, qualityTarget: quality };
  return { quality: first, qualityTarget: { maxBytes: quality.max_bytes } };
}
