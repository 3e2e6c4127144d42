import { z } from "@hono/zod-openapi";
import { COLOR_PROFILES, INTERPOLATIONS } from "../../image/output.ts";
import { cropPosition } from "./crop-position.ts";
import { PICTURE_FORMATS, VIDEO_FORMATS } from "./formats.ts";

/** Fields of images, and of stills that are taken from videos. */
export const pictureFields = {
  crop_position: cropPosition.optional(),
  interpolation: z.enum(INTERPOLATIONS).optional(),
  /** How much detail is brought out, 0 (none) to 2. */
  sharpen_amount: z.number().min(0).max(2).optional(),
  /** Images: `keep` leaves pixels and profile as they are, together; everything else becomes sRGB. */
  color_profile: z.enum(COLOR_PROFILES).optional(),
  /** Images: resamples light and not codes, so that fine bright detail does not darken. */
  linear_light: z.boolean().optional(),
};

export const PICTURE_FIELD_FORMATS = {
  crop_position: [...PICTURE_FORMATS, ...VIDEO_FORMATS],
  interpolation: PICTURE_FORMATS,
  sharpen_amount: PICTURE_FORMATS,
  color_profile: PICTURE_FORMATS,
  linear_light: PICTURE_FORMATS,
};
