import { z } from "@hono/zod-openapi";
import { EFFORTS } from "../../image/efforts.ts";
import { CHROMA_SUBSAMPLINGS, COLOR_PROFILES, INTERPOLATIONS } from "../../image/output.ts";
import { cropPosition } from "./crop-position.ts";
import { PICTURE_FORMATS, VIDEO_FORMATS } from "./formats.ts";

/** What becomes of a picture whose file ends too early; the first when nothing is said. */
const ON_TRUNCATED = ["fail", "salvage"] as const;

/** Fields of images, and of stills that are taken from videos. */
export const pictureFields = {
  crop_position: cropPosition.optional(),
  interpolation: z.enum(INTERPOLATIONS).optional(),
  /** How much detail is brought out, 0 (none) to 2. */
  sharpen_amount: z.number().min(0).max(2).optional(),
  /** WebP, AVIF: every pixel as it is. PNG always is. */
  lossless: z.boolean().optional(),
  /** PNG and GIF: most colours in its palette, 2 to 256. */
  max_colors: z.int().min(2).max(256).optional(),
  /** JPEG: coarse first, then fine; true when absent. */
  progressive: z.boolean().optional(),
  /** How much time is spent on a smaller file. */
  effort: z.enum(EFFORTS).optional(),
  /** JPEG and AVIF: whether colour has a quarter of the samples that luma has. */
  chroma_subsampling: z.enum(CHROMA_SUBSAMPLINGS).optional(),
  /** WebP and GIF: whether what moves stays moving; true when absent. */
  animated: z.boolean().optional(),
  /** Images: `keep` leaves pixels and profile as they are, together; everything else becomes sRGB. */
  color_profile: z.enum(COLOR_PROFILES).optional(),
  /** Images: resamples light and not codes, so that fine bright detail does not darken. */
  linear_light: z.boolean().optional(),
  /** Images that are cut short: `salvage` shows what there is of them, with a note; `fail` refuses them. */
  on_truncated: z.enum(ON_TRUNCATED).optional(),
};

export const PICTURE_FIELD_FORMATS = {
  crop_position: [...PICTURE_FORMATS, ...VIDEO_FORMATS],
  interpolation: PICTURE_FORMATS,
  sharpen_amount: PICTURE_FORMATS,
  lossless: ["auto", "webp", "png", "avif"] as const,
  max_colors: ["png", "gif"] as const,
  progressive: ["jpeg"] as const,
  effort: PICTURE_FORMATS,
  chroma_subsampling: ["jpeg", "avif"] as const,
  animated: ["auto", "webp", "gif"] as const,
  color_profile: PICTURE_FORMATS,
  linear_light: PICTURE_FORMATS,
  on_truncated: PICTURE_FORMATS,
};
