import { z } from "zod";

/** How thorough an encoder is, in x264's words, from the quickest on; each encoder has its own scale for them. */
export const ENCODER_PRESETS = [
  "ultrafast",
  "superfast",
  "veryfast",
  "faster",
  "fast",
  "medium",
  "slow",
  "slower",
] as const;
export const encoderPreset = z.enum(ENCODER_PRESETS);
export type EncoderPreset = z.infer<typeof encoderPreset>;
