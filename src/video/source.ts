import { z } from "zod";
import { complexity, complexityFailure } from "./complexity.ts";
import { hdrLight } from "./hdr-light.ts";

/** A language as BCP 47 shapes it. A file may say anything, and what it says ends up in manifests. */
export const languageTag = z.string().regex(/^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,8}$/);

/** What ffprobe learned of a source, in the terms that planning needs. Times in seconds, rates in Hz or kbit/s. */
export const sourceDescription = z.object({
  container: z.string(),
  durationSeconds: z.number().nonnegative(),
  startSeconds: z.number(),
  bitrateKbps: z.number().optional(),
  video: z
    .object({
      codec: z.string(),
      /** Size as shown: after rotation and with square pixels, px. */
      width: z.int().positive(),
      height: z.int().positive(),
      /** Size as stored, before rotation and pixel aspect. */
      codedWidth: z.int().positive(),
      codedHeight: z.int().positive(),
      /** Clockwise degrees that a player turns the picture by: 0, 90, 180 or 270. */
      rotation: z.int(),
      frameRate: z.number().positive(),
      /** The exact rate, such as `30000/1001`. */
      frameRateRatio: z
        .string()
        .regex(/^[1-9]\d*\/[1-9]\d*$/)
        .optional(),
      /** Frame times do not lie on a grid of 1 / frameRate; they are kept as they are. */
      variableFrameRate: z.boolean().optional(),
      /** Length of the video track alone; absent when the container does not tell. */
      durationSeconds: z.number().nonnegative().optional(),
      pixelFormat: z.string(),
      bitDepth: z.int(),
      interlaced: z.boolean(),
      /** `smpte2084` (PQ) or `arib-std-b67` (HLG) for HDR. */
      colorTransfer: z.string().optional(),
      /** Of HDR10, where the bitstream tells it. */
      light: hdrLight.optional(),
      frameCount: z.int().optional(),
      /** Measured where a stream adapts to it. */
      complexity: complexity.optional(),
      /** Where that should have been measured and could not be: the ladder is then the common one. */
      complexityFailure: complexityFailure.optional(),
      profile: z.string().optional(),
      /** As codecs count them: 41 is level 4.1 of H.264, 123 is 4.1 of H.265. */
      level: z.int().optional(),
      bitrateKbps: z.int().optional(),
      /** Frames over length, and the coarsest grid that all frame times lie on, as ffprobe says. */
      averageFrameRate: z.string().optional(),
      nominalFrameRate: z.string().optional(),
      /** Longest distance of two keyframes near the start; absent when only one was seen, or none was looked for. */
      keyframeSeconds: z.number().optional(),
      /** Width over height of a pixel, and of the picture, such as `64:45` and `16:9`. */
      pixelAspect: z.string().optional(),
      displayAspect: z.string().optional(),
      colorSpace: z.string().optional(),
      colorPrimaries: z.string().optional(),
      /** `tv` (limited) or `pc` (full). */
      colorRange: z.string().optional(),
    })
    .optional(),
  audio: z.array(
    z.object({
      codec: z.string(),
      channels: z.int(),
      sampleRate: z.int(),
      language: languageTag.optional(),
      profile: z.string().optional(),
      /** Such as `5.1(side)`. */
      channelLayout: z.string().optional(),
      bitrateKbps: z.int().optional(),
    }),
  ),
  /** Cover art: a picture that is stored like a stream of video, and is none. */
  attachedPicture: z
    .object({
      /** Of its stream in the file. */
      index: z.int().nonnegative(),
      codec: z.string(),
      width: z.int().positive(),
      height: z.int().positive(),
    })
    .optional(),
  subtitles: z.array(
    z.object({
      codec: z.string(),
      language: languageTag.optional(),
      forced: z.boolean().optional(),
      isDefault: z.boolean().optional(),
    }),
  ),
  chapters: z
    .array(z.object({ startSeconds: z.number(), endSeconds: z.number(), title: z.string().optional() }))
    .optional(),
});
export type SourceDescription = z.infer<typeof sourceDescription>;
export type VideoDescription = NonNullable<SourceDescription["video"]>;

/** Codec of a track that ffprobe lists without being able to name it. */
export const UNKNOWN_CODEC = "unknown";
