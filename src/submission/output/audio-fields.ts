import { z } from "@hono/zod-openapi";
import { VIDEO_FORMATS } from "./formats.ts";

/** Fields of the sound, alone or beside a picture. */
export const audioFields = {
  /** kbit/s */
  audio_bitrate: z.int().min(16).max(512).optional(),
};

export const AUDIO_FIELD_FORMATS = {
  audio_bitrate: VIDEO_FORMATS,
};
