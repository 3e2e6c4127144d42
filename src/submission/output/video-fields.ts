import { z } from "@hono/zod-openapi";
import { STREAM_FORMATS } from "../../video/output.ts";
import { VIDEO_FORMATS } from "./formats.ts";

/** Fields of what has a picture that moves. */
export const videoFields = {
  /** Constant rate factor of x264. */
  crf: z.int().min(0).max(51).optional(),
  /** Peak rate, kbit/s. */
  max_bitrate: z.int().min(50).max(100_000).optional(),
  encoder_preset: z
    .enum(["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow"])
    .optional(),
};

const MOVING = [...VIDEO_FORMATS, ...STREAM_FORMATS];

export const VIDEO_FIELD_FORMATS = {
  crf: MOVING,
  encoder_preset: MOVING,
  max_bitrate: VIDEO_FORMATS,
};
