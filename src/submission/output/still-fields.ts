import { z } from "@hono/zod-openapi";
import { MAX_PREVIEW_SECONDS } from "../../video/preview.ts";
import { MAX_STILLS } from "../../video/still-output.ts";
import { PICTURE_FORMATS } from "./formats.ts";

/** Pictures of a video, as a client asks for them; their format, size and quality are those of any picture. */
export const stillFields = {
  thumbnails: z
    .union([
      z.strictObject({
        at: z
          .array(z.number().min(0))
          .min(1)
          .max(MAX_STILLS)
          .openapi({ description: "Seconds from the start; several make `<name>-1`, `<name>-2` …" }),
      }),
      z.strictObject({
        count: z.int().min(1).max(MAX_STILLS),
        best: z.literal(true).openapi({ description: "Neither black nor blurred, and of different scenes" }),
      }),
    ])
    .optional(),
  storyboard: z
    .strictObject({
      interval: z
        .number()
        .min(0.1)
        .optional()
        .openapi({ description: "Seconds between tiles; left out, 100 tiles at most" }),
      columns: z.int().min(1).max(10).default(10),
      rows: z.int().min(1).max(10).default(10),
    })
    .optional()
    .openapi({ description: "Sheets of tiles within width × height, and WebVTT that says which is where" }),
  preview: z
    .strictObject({
      duration: z.number().min(0.5).max(MAX_PREVIEW_SECONDS).default(4).openapi({ description: "seconds" }),
      moments: z.int().min(1).max(6).default(4),
    })
    .optional()
    .openapi({ description: "An animated WebP of some moments of the video" }),
};

export const STILL_FIELD_FORMATS = {
  thumbnails: PICTURE_FORMATS,
  storyboard: ["webp", "jpeg", "png"],
  preview: ["webp"],
} as const;
