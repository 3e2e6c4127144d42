import { z } from "zod";
import { imageOutput } from "../image/output.ts";
import type { ImageProbe } from "../image/probe.ts";
import type { Lane, TaskKind } from "../schema/tasks.ts";
import { analysisOutput } from "../video/analysis-output.ts";
import { fileOutput } from "../video/file-output.ts";
import { STREAM_FORMATS, streamOutput, videoOutput } from "../video/output.ts";
import { previewOutput } from "../video/preview.ts";
import { segmentRange } from "../video/protocol.ts";
import { streamEncryption } from "../video/segment-keys.ts";
import { soundOutput, waveformOutput } from "../video/sound-output.ts";
import { sourceDescription } from "../video/source.ts";
import { thumbnailOutput } from "../video/still-output.ts";
import { storyboardOutput } from "../video/storyboard.ts";
import { plannedStep } from "./planned-step.ts";

/** What is encoded in parts. */
const inParts = z.union([streamOutput, fileOutput]);

/** What is known of a picture; `doubt`: what the edge refused it with (`second-opinion.ts`). */
const original = {
  probe: z.custom<ImageProbe>((value) => !!value),
  doubt: z.string().optional(),
};

/** What a task carries in D1, by its kind. Parsed on the way out: a deploy may meet rows of the one before. */
export const TASK_SPECS = {
  /** `fields` as they were submitted: what they ask for is resolved when it is known what the original is. */
  fetch: z.object({ url: z.url(), fields: z.record(z.string(), z.unknown()) }),
  probe: z.object({ outputs: z.array(videoOutput).min(1), steps: z.array(plannedStep).default([]) }),
  image: z.object({ outputs: z.array(imageOutput).min(1), ...original }),
  transcode: z.object({ output: fileOutput, source: sourceDescription }),
  /** A short stream: all of it. */
  stream: z.object({ output: streamOutput, source: sourceDescription }),
  /** A longer one: the picture of some segments, or all of the sound. */
  chunk: z.object({ output: inParts, source: sourceDescription, range: segmentRange }),
  audio: z.object({ output: inParts, source: sourceDescription }),
  /** `others` are the further stills of the same specification. */
  thumbnail: z.object({
    output: thumbnailOutput,
    others: z.array(thumbnailOutput).optional(),
    source: sourceDescription,
  }),
  storyboard: z.object({ output: storyboardOutput, source: sourceDescription }),
  preview: z.object({ output: previewOutput, source: sourceDescription }),
  sound: z.object({ output: soundOutput, source: sourceDescription }),
  analysis: z.object({ output: analysisOutput, source: sourceDescription }),
  waveform: z.object({ output: waveformOutput, source: sourceDescription }),
  /** Every text track of a stream's source. */
  subtitles: z.object({ source: sourceDescription }),
  /** Joins the chunks of a file and its sound. */
  stitch: z.object({ output: fileOutput, source: sourceDescription }),
  /** Writes the manifests over what the tasks that it depends on have encoded. */
  package: z.object({
    name: z.string(),
    format: z.enum(STREAM_FORMATS).default("hls"),
    encryption: streamEncryption.optional(),
    soundAlone: z.boolean().optional(),
  }),
  /** A step: a picture or a video file made again as it was specified, with a logo over it. */
  watermark: z.union([
    z.object({ outputs: z.array(imageOutput).length(1), ...original }),
    z.object({ output: thumbnailOutput, source: sourceDescription }),
    z.object({ output: fileOutput, source: sourceDescription }),
  ]),
  /** A step: one output delivered to one destination. */
  ship: z.object({ output: z.string(), destinationId: z.string(), destinationName: z.string().default("") }),
} as const satisfies Record<TaskKind, z.ZodType>;

export type TaskSpec<K extends TaskKind> = z.infer<(typeof TASK_SPECS)[K]>;

/** Where each kind runs. An image can be too much for an isolate: its plan decides (`image/plan.ts`). */
export const LANE_OF_TASK = {
  fetch: "io",
  probe: "container-short",
  transcode: "container-long",
  stream: "container-long",
  chunk: "container-long",
  audio: "container-long",
  thumbnail: "container-short",
  storyboard: "container-short",
  preview: "container-short",
  sound: "container-long",
  waveform: "container-long",
  subtitles: "container-long",
  stitch: "container-long",
  analysis: "container-long",
  package: "io",
  ship: "io",
} as const satisfies Record<Exclude<TaskKind, "image" | "watermark">, Lane>;
