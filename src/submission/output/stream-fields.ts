import { z } from "@hono/zod-openapi";
import { STREAM_FORMATS } from "../../video/output.ts";

/** Fields of adaptive streams. */
export const streamFields = {
  /** Short sides of the renditions, px. */
  variants: z.array(z.int().min(144).max(2160)).min(1).max(8).optional(),
  /** Seconds. */
  segment_duration: z.number().min(2).max(10).optional(),
  /** Whether how hard the picture is to encode moves the rates; unless `crf` is given it does. */
  content_aware: z.boolean().optional(),
  encryption: z
    .union([
      z.literal("aes-128"),
      z.strictObject({ method: z.literal("aes-128"), rotate_every: z.int().min(1).max(10_000).default(10) }),
    ])
    .optional()
    .openapi({ description: "HLS: whole segments under AES-128, with another key after so many (10)" }),
};

export const STREAM_FIELD_FORMATS = {
  variants: STREAM_FORMATS,
  segment_duration: STREAM_FORMATS,
  content_aware: STREAM_FORMATS,
  encryption: STREAM_FORMATS,
};
