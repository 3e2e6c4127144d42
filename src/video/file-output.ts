import { z } from "zod";
import { RESIZE_MODES } from "../image/output.ts";
import { watermark } from "../image/watermark.ts";
import { AUDIO_CODECS, FILE_FORMATS, PIXEL_FORMATS, VIDEO_CODECS } from "./codecs.ts";
import { encoderPreset } from "./encoder-preset.ts";
import { PLATFORM_NAMES } from "./platforms.ts";

const fraction = z.number().min(0).max(1);
const channel = z.int().min(0).max(255);

/** One progressive file, every default resolved. Absent is as in the source, or as the encoder thinks best. */
export const fileOutput = z.strictObject({
  format: z.enum(FILE_FORMATS),
  name: z.string(),
  /** Box, px; sides are rounded down to even. Absent: the source's own size. */
  width: z.int().min(16).max(4096).optional(),
  height: z.int().min(16).max(4096).optional(),
  /** `fit` when absent. */
  resizeMode: z.enum(RESIZE_MODES).optional(),
  /** Of a crop, and of a pad, as fractions of the leftover; the middle when absent. */
  position: z.strictObject({ x: fraction, y: fraction }).optional(),
  /** Of a pad, red, green, blue, 0–255; black when absent. */
  background: z.tuple([channel, channel, channel]).optional(),
  allowEnlarge: z.boolean(),

  /** H.264 when absent. */
  videoCodec: z.enum(VIDEO_CODECS).optional(),
  /** Constant rate factor on the scale of the codec; not looked at where there is a target. */
  crf: z.int().min(0).max(63),
  /** Average rate to arrive at, kbit/s. */
  targetVideoKbps: z.int().positive().optional(),
  /** Peak rate; absent leaves the CRF uncapped. */
  maxVideoKbps: z.int().positive().optional(),
  /** Rate-control buffer; twice the peak rate when absent. */
  bufferKbits: z.int().positive().optional(),
  twoPass: z.boolean().optional(),
  encoderPreset,
  codecProfile: z.string().optional(),
  level: z.string().optional(),
  tune: z.string().optional(),
  pixelFormat: z.enum(PIXEL_FORMATS).optional(),
  /** `keep` leaves HDR as it is, in ten bits; otherwise it becomes SDR. */
  hdr: z.enum(["keep"]).optional(),
  frameRate: z.number().positive().optional(),
  /** Longest time between keyframes. */
  keyframeSeconds: z.number().positive().optional(),
  platform: z.enum(PLATFORM_NAMES).optional(),
  /** Where no encoder of the codec works, one of the container's first codec will do. */
  allowFallback: z.boolean().optional(),

  /** AAC when absent. */
  audioCodec: z.enum(AUDIO_CODECS).optional(),
  audioKbps: z.int().positive(),
  audioChannels: z.int().min(1).max(2).optional(),
  /** Hz */
  audioSampleRate: z.int().positive().optional(),

  /** What to keep of the source. */
  startSeconds: z.number().min(0).optional(),
  endSeconds: z.number().positive().optional(),

  /** A logo over the picture. */
  watermark: watermark.optional(),

  /** What the making of it may take at the most. */
  limits: z
    .strictObject({
      timeoutSeconds: z.int().positive().optional(),
      memoryBytes: z.int().positive().optional(),
      threads: z.int().positive().optional(),
    })
    .optional(),
});
export type FileOutput = z.infer<typeof fileOutput>;

export function isFileOutput<T extends { format: string }>(output: T | FileOutput): output is FileOutput {
  return FILE_FORMATS.some((format) => format === output.format);
}
