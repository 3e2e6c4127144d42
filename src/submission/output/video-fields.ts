import { z } from "@hono/zod-openapi";
import { PIXEL_FORMATS, VIDEO_CODECS } from "../../video/codecs.ts";
import { encoderPreset } from "../../video/encoder-preset.ts";
import { LEVEL_NAMES } from "../../video/levels.ts";
import { STREAM_FORMATS } from "../../video/output.ts";
import { PLATFORM_NAMES } from "../../video/platforms.ts";
import { SOUND_FORMATS } from "../../video/sound-output.ts";
import { VIDEO_FORMATS } from "./formats.ts";
import { VIDEO_PROFILE_NAMES } from "./video-profiles.ts";

const kbps = z.int().min(50).max(100_000).optional();
const seconds = z.number().min(0);

/** Fields of what has a picture that moves. They are checked against each other in `check-video.ts`. */
export const videoFields = {
  video_codec: z.enum(VIDEO_CODECS).optional(),
  allow_fallback: z.boolean().optional().openapi({
    description: "Where no encoder of video_codec works, the first codec of the container is made instead",
  }),
  crf: z.int().min(0).max(63).optional().openapi({ description: "Constant rate factor; h264, h265: ≤ 51" }),
  target_bitrate: kbps.openapi({ description: "Average to arrive at instead of a crf, kbit/s" }),
  max_bitrate: kbps.openapi({ description: "Peak, kbit/s" }),
  buffer_size: z.int().min(50).max(400_000).optional().openapi({
    description: "What the peak is measured over, kbit; left out, two seconds of it",
  }),
  two_pass: z.boolean().optional(),
  encoder_preset: encoderPreset.optional(),
  codec_profile: z.string().max(20).optional(),
  level: z.enum(LEVEL_NAMES).optional(),
  tune: z.string().max(20).optional(),
  frame_rate: z.number().min(1).max(120).optional(),
  keyframe_interval: z.number().min(0.1).max(20).optional().openapi({ description: "At most, seconds" }),
  pixel_format: z.enum(PIXEL_FORMATS).optional(),
  hdr: z.enum(["tone_map", "keep"]).optional().openapi({
    description: "What becomes of an HDR source: SDR in BT.709 (default), or PQ or HLG as it is, in ten bits",
  }),
  profile: z.enum(VIDEO_PROFILE_NAMES).optional(),
  target_platform: z.enum(PLATFORM_NAMES).optional(),
  start: seconds
    .optional()
    .openapi({ description: "Seconds into the source; the first frame from there on" }),
  end: seconds
    .optional()
    .openapi({ description: "Seconds into the source; the first frame that is left out" }),
};

const MOVING = [...VIDEO_FORMATS, ...STREAM_FORMATS];

export const VIDEO_FIELD_FORMATS = {
  video_codec: VIDEO_FORMATS,
  allow_fallback: VIDEO_FORMATS,
  crf: MOVING,
  target_bitrate: VIDEO_FORMATS,
  max_bitrate: VIDEO_FORMATS,
  buffer_size: VIDEO_FORMATS,
  two_pass: VIDEO_FORMATS,
  encoder_preset: MOVING,
  codec_profile: VIDEO_FORMATS,
  level: VIDEO_FORMATS,
  tune: VIDEO_FORMATS,
  frame_rate: VIDEO_FORMATS,
  keyframe_interval: VIDEO_FORMATS,
  pixel_format: VIDEO_FORMATS,
  hdr: VIDEO_FORMATS,
  profile: VIDEO_FORMATS,
  target_platform: VIDEO_FORMATS,
  start: [...VIDEO_FORMATS, ...SOUND_FORMATS],
  end: [...VIDEO_FORMATS, ...SOUND_FORMATS],
};
