import { z } from "zod";
import { watermark } from "../image/watermark.ts";
import { analysisOutput } from "./analysis-output.ts";
import { encoderPreset } from "./encoder-preset.ts";
import { fileOutput } from "./file-output.ts";
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
  /** What the picture takes moves the CRF and the caps of the ladder (`adapt-ladder.ts`). */
  contentAware: z.boolean().optional(),
  /** A logo over the picture, laid on the largest rendition. */
  watermark: watermark.optional(),
});
export type StreamOutput = z.infer<typeof streamOutput>;

export const videoOutput = z.discriminatedUnion("format", [
  fileOutput,
  streamOutput,
  thumbnailOutput,
  storyboardOutput,
  previewOutput,
  soundOutput,
  waveformOutput,
  analysisOutput,
]);
export type VideoOutput = z.infer<typeof videoOutput>;
