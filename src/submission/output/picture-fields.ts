import { z } from "@hono/zod-openapi";
import { INTERPOLATIONS } from "../../image/output.ts";
import { cropPosition } from "./crop-position.ts";
import { PICTURE_FORMATS, VIDEO_FORMATS } from "./formats.ts";

/** Fields of images, and of stills that are taken from videos. */
export const pictureFields = {
  crop_position: cropPosition.optional(),
  interpolation: z.enum(INTERPOLATIONS).optional(),
  /** How much detail is brought out, 0 (none) to 2. */
  sharpen_amount: z.number().min(0).max(2).optional(),
};

export const PICTURE_FIELD_FORMATS = {
  crop_position: [...PICTURE_FORMATS, ...VIDEO_FORMATS],
  interpolation: PICTURE_FORMATS,
  sharpen_amount: PICTURE_FORMATS,
};
