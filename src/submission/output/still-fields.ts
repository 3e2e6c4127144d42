import { z } from "@hono/zod-openapi";
import { PICTURE_FORMATS } from "./formats.ts";

/** Fields of stills of a video. */
export const stillFields = {
  /** The moment, seconds from the start. */
  thumbnails: z.strictObject({ at: z.array(z.number().min(0)).length(1) }).optional(),
};

export const STILL_FIELD_FORMATS = {
  thumbnails: PICTURE_FORMATS,
};
