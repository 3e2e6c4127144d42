import { z } from "zod";
import { previewOutput } from "./preview.ts";
import { streamEncryption } from "./segment-keys.ts";
import { soundOutput, waveformOutput } from "./sound-output.ts";
import { thumbnailOutput } from "./still-output.ts";
import { storyboardOutput } from "./storyboard.ts";

/** One encoded quality of a stream. `shortSidePx` is the height of landscape and the width of portrait video. */
export const renditionSpec = z.strictObject({
  shortSidePx: z.int().min(16).max(4320),
  videoKbps: z.int().positive(),
  audioKbps: z.int().positive(),
});
export type RenditionSpec = z.infer<typeof renditionSpec>;

/** x264's presets, from the quickest to the most thorough. */
const encoderPreset = z.enum(["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow"]);
export type EncoderPreset = z.infer<typeof encoderPreset>;

/** One progressive file: H.264 and AAC in MP4, index in front (`+faststart`). */
export const mp4Output = z.strictObject({
  format: z.literal("mp4"),
  name: z.string(),
  /** Bounding box, px; the ratio is kept and sides are rounded to even. Absent: the source's own size. */
  width: z.int().min(16).max(4096).optional(),
  height: z.int().min(16).max(4096).optional(),
  allowEnlarge: z.boolean(),
  /** x264 constant rate factor, 0–51. */
  crf: z.int().min(0).max(51),
  /** Peak rate; absent leaves the CRF uncapped. */
  maxVideoKbps: z.int().positive().optional(),
  audioKbps: z.int().positive(),
  encoderPreset,
});
export type Mp4Output = z.infer<typeof mp4Output>;

/** The manifests of a stream: HLS, DASH, or both over the same segments. */
export const STREAM_FORMATS = ["hls", "dash", "adaptive"] as const;
export type StreamFormat = (typeof STREAM_FORMATS)[number];

/** An adaptive stream: CMAF segments of every rendition, audio apart, and manifests over them. */
export const streamOutput = z.strictObject({
  format: z.enum(STREAM_FORMATS),
  name: z.string(),
  variants: z.array(renditionSpec).min(1).max(8),
  segmentSeconds: z.number().min(2).max(10),
  /** HLS alone. */
  encryption: streamEncryption.optional(),
  crf: z.int().min(0).max(51),
  encoderPreset,
});
export type StreamOutput = z.infer<typeof streamOutput>;

export const videoOutput = z.discriminatedUnion("format", [
  mp4Output,
  streamOutput,
  thumbnailOutput,
  storyboardOutput,
  previewOutput,
  soundOutput,
  waveformOutput,
]);
export type VideoOutput = z.infer<typeof videoOutput>;
