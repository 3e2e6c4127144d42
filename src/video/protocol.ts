/**
 * What the worker and the transcoder say to each other. `POST /tasks` carries one {@link TaskRequest}; the answer
 * is a stream of {@link TaskEvent}s, one JSON object a line (NDJSON), that ends with `done` or `error`.
 *
 * The transcoder never sees a key or a credential: it reads and writes through the URLs that the task carries.
 * `PUT <outputBaseUrl>/<path>` stores a file, `GET <inputUrl>` (with Range) reads the source.
 */
import { z } from "zod";
import { FAILURE_CLASSES } from "../errors.ts";
import { imageAnalysis } from "../image/analysis.ts";
import { imageOutput } from "../image/output.ts";
import { analysisOutput } from "./analysis-output.ts";
import { fileOutput } from "./file-output.ts";
import { streamOutput } from "./output.ts";
import { previewOutput } from "./preview.ts";
import { soundOutput, waveformOutput } from "./sound-output.ts";
import { languageTag, sourceDescription } from "./source.ts";
import { MAX_STILLS, thumbnailOutput } from "./still-output.ts";
import { stitchTrack } from "./stitch-track.ts";
import { storyboardOutput } from "./storyboard.ts";
import { subtitleTrack } from "./subtitles.ts";

const taskBase = {
  /** Attempt-scoped id; a second request with the id of a running task is refused (409). */
  attemptId: z.string().regex(/^[A-Za-z0-9_.-]{1,100}$/),
  inputUrl: z.url(),
  /** Size of the input, bytes. */
  inputBytes: z.int().nonnegative(),
  /** Folder URL, no trailing slash, under which the task may PUT files. */
  outputBaseUrl: z.url(),
  /** Wall-clock limit, after which the task is killed and reported as `timeout`. */
  timeLimitMs: z.int().positive(),
  /** Bytes that the task may write in all; more is reported as `disk_full`. */
  maxOutputBytes: z.int().positive(),
  /** Threads of each decoder, filter graph and encoder, where they should be fewer than the server's own. */
  threads: z.int().positive().optional(),
};

/** What the keys of an encrypted stream follow from, base64. */
const keyRoot = z.base64().optional();

/** Segments counted from 0 on the grid of the stream; without `end` to the end of the video. */
export const segmentRange = z.object({ first: z.int().nonnegative(), end: z.int().positive().optional() });
/** A logo that pictures are marked with, read like the input. */
export const logoSource = z.strictObject({ mediaId: z.string(), url: z.url(), bytes: z.int().nonnegative() });
export type LogoSource = z.infer<typeof logoSource>;

/** The logos that the outputs' watermarks name. */
const logos = z.array(logoSource).max(10).optional();

/** What is encoded in parts: streams, and files that are stitched. */
const inParts = z.union([streamOutput, fileOutput]);

export const taskRequest = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("probe"), ...taskBase, measureComplexity: z.boolean().optional() }),
  z.strictObject({
    kind: z.literal("image"),
    ...taskBase,
    outputs: z.array(imageOutput).min(1).max(10),
    logos,
    /** Failures of these classes cost only the output concerned (`image/make-outputs.ts`). */
    tolerated: z.array(z.enum(FAILURE_CLASSES)).optional(),
    /** Whether the input itself is looked at, too. */
    analyze: z.boolean().optional(),
    /** Another decoder has refused the input: what libvips only warns of is damage, too. */
    strict: z.boolean().optional(),
  }),
  z.strictObject({
    kind: z.literal("transcode"),
    ...taskBase,
    source: sourceDescription,
    output: fileOutput,
    logos,
  }),
  z.strictObject({
    kind: z.literal("stream"),
    ...taskBase,
    source: sourceDescription,
    output: streamOutput,
    keyRoot,
    logos,
  }),
  z.strictObject({
    kind: z.literal("chunk"),
    ...taskBase,
    source: sourceDescription,
    output: inParts,
    range: segmentRange,
    keyRoot,
    logos,
  }),
  z.strictObject({
    kind: z.literal("audio"),
    ...taskBase,
    source: sourceDescription,
    output: inParts,
    keyRoot,
  }),
  z.strictObject({ kind: z.literal("subtitles"), ...taskBase, source: sourceDescription }),
  z.strictObject({
    kind: z.literal("stitch"),
    ...taskBase,
    source: sourceDescription,
    output: fileOutput,
    /** Folder URL of the tracks' parts, no trailing slash. */
    partsUrl: z.url(),
    tracks: z.array(stitchTrack).min(1),
  }),
  z.strictObject({
    kind: z.literal("thumbnail"),
    ...taskBase,
    source: sourceDescription,
    output: thumbnailOutput,
    /** More stills of the same video, from the same specification. */
    others: z.array(thumbnailOutput).max(MAX_STILLS).optional(),
    logos,
  }),
  z.strictObject({
    kind: z.literal("storyboard"),
    ...taskBase,
    source: sourceDescription,
    output: storyboardOutput,
  }),
  z.strictObject({
    kind: z.literal("preview"),
    ...taskBase,
    source: sourceDescription,
    output: previewOutput,
  }),
  z.strictObject({
    kind: z.literal("analysis"),
    ...taskBase,
    source: sourceDescription,
    output: analysisOutput,
  }),
  z.strictObject({ kind: z.literal("sound"), ...taskBase, source: sourceDescription, output: soundOutput }),
  z.strictObject({
    kind: z.literal("waveform"),
    ...taskBase,
    source: sourceDescription,
    output: waveformOutput,
  }),
]);
export type TaskRequest = z.infer<typeof taskRequest>;

/** A stored file that stands for one of the job's outputs. `path` is relative to `outputBaseUrl`. */
export const producedFile = z.object({
  /** Name of the output specification that this file answers. */
  name: z.string(),
  path: z.string(),
  type: z.string(),
  bytes: z.int().nonnegative(),
  sha256: z.string(),
  width: z.int().optional(),
  height: z.int().optional(),
  durationSeconds: z.number().optional(),
});
export type ProducedFile = z.infer<typeof producedFile>;

/** One CMAF media segment; times on the timeline of the whole output. */
export const segment = z.object({
  path: z.string(),
  bytes: z.int().positive(),
  startSeconds: z.number(),
  durationSeconds: z.number(),
  /** Video only. */
  frames: z.int().optional(),
  /**
   * Video only: for each keyframe when it is shown (s), and the bytes of the segment, offset and length, that hold it
   * and all that a player needs to decode it.
   */
  keyframes: z.array(z.tuple([z.number(), z.int(), z.int()])).optional(),
  /** Of an encrypted segment: its place on the grid of the stream, which names its key. */
  cipherIndex: z.int().nonnegative().optional(),
});
export type Segment = z.infer<typeof segment>;

/** One track of the stream as encoded: a video rendition, or the audio that all of them share. */
export const encodedTrack = z.object({
  id: z.string(),
  kind: z.enum(["video", "audio"]),
  /** RFC 6381 string read from the bitstream headers, such as `avc1.64001f`. */
  codec: z.string(),
  initPath: z.string(),
  initBytes: z.int().positive(),
  initSha256: z.string(),
  /** Ticks a second of the times in the segments. */
  timescale: z.int().positive(),
  width: z.int().optional(),
  height: z.int().optional(),
  frameRate: z.number().optional(),
  /** Frames a second where they come fastest; variable frame rates only. */
  maxFrameRate: z.number().optional(),
  variableFrameRate: z.boolean().optional(),
  channels: z.int().optional(),
  sampleRate: z.int().optional(),
  language: languageTag.optional(),
  segments: z.array(segment).min(1),
});
export type EncodedTrack = z.infer<typeof encodedTrack>;

const failedFile = z.object({
  name: z.string(),
  code: z.string(),
  message: z.string(),
  detail: z.string().optional(),
});
export type FailedFile = z.infer<typeof failedFile>;

/** What `done` carries, by the kind of task. */
export const taskResult = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("probe"), source: sourceDescription }),
  z.object({
    kind: z.literal("files"),
    files: z.array(producedFile).min(1),
    notes: z.array(z.string()).default([]),
    /** Outputs that could not be made, in a way that is tolerated. */
    failed: z.array(failedFile).optional(),
    /** What was learned of an image; absent when it was not asked for, or could not be. */
    analysis: imageAnalysis.optional(),
  }),
  /** No track at all: the video had ended before this chunk of it. */
  z.object({
    kind: z.literal("tracks"),
    tracks: z.array(encodedTrack),
    durationSeconds: z.number(),
    notes: z.array(z.string()).default([]),
    subtitles: z.array(subtitleTrack).optional(),
  }),
]);
export type TaskResult = z.infer<typeof taskResult>;

export const taskEvent = z.discriminatedUnion("type", [
  /** `fraction` 0–1 of this task, never lower than the one before; `outTimeSeconds` is media time done. */
  z.object({
    type: z.literal("progress"),
    fraction: z.number().min(0).max(1),
    operation: z.string(),
    fps: z.number().optional(),
    speed: z.number().optional(),
    outTimeSeconds: z.number().optional(),
    bitrateKbps: z.number().optional(),
    /** Pixels of what is being made, such as `1280x720`; of a stream, of its largest rendition. */
    resolution: z.string().optional(),
    /** Pieces that are stored, of pieces in all, where the work is counted in pieces. */
    processedItems: z.int().nonnegative().optional(),
    totalItems: z.int().positive().optional(),
  }),
  /** At least every 5 s while the task runs, with what its processes use at that moment. */
  z.object({
    type: z.literal("heartbeat"),
    rssBytes: z.number().optional(),
    /** Since the heartbeat before; 100 is one core. */
    cpuPercent: z.number().optional(),
    /** User and system time of all processes of the task so far, those that have ended included. */
    cpuSeconds: z.number().nonnegative().optional(),
    /** In the task's work folder. */
    tempBytes: z.number().optional(),
  }),
  z.object({
    type: z.literal("done"),
    result: taskResult,
    peakMemoryBytes: z.number().optional(),
    cpuSeconds: z.number().nonnegative().optional(),
  }),
  /** `code` is one of `errors.ts`; `message` is public; `detail` (stderr tail) is for operators. */
  z.object({
    type: z.literal("error"),
    code: z.string(),
    message: z.string(),
    detail: z.string().optional(),
    peakMemoryBytes: z.number().optional(),
    cpuSeconds: z.number().nonnegative().optional(),
  }),
]);
export type TaskEvent = z.infer<typeof taskEvent>;

/** `GET /health` of the transcoder. */
/** An encoder of the machine's hardware, as it was tried at start: frames of 1280×720 a second. */
export const hardwareEncoder = z.object({ name: z.string(), framesPerSecond: z.number() });
export type HardwareEncoder = z.infer<typeof hardwareEncoder>;

export const transcoderHealth = z.object({
  /** `full`: too little memory or disk is left to take another task. */
  state: z.enum(["ready", "draining", "full"]),
  /** attemptId of every task that runs now. */
  running: z.array(z.string()),
  ffmpegVersion: z.string(),
  encoders: z.array(z.string()),
  /** Undefined until they have been tried. They are told of, and not used: their pictures are not the encoders' above. */
  hardwareEncoders: z.array(hardwareEncoder).optional(),
  /** Whether it can decode HEIC. */
  heic: z.boolean().optional(),
  /** Whether it can decode BMP. */
  bmp: z.boolean().optional(),
  /** Whether it has a detector of faces. */
  faces: z.boolean().optional(),
  cores: z.int(),
  memoryFreeBytes: z.number(),
  diskFreeBytes: z.number(),
  memoryTotalBytes: z.number().optional(),
  diskTotalBytes: z.number().optional(),
  /** Of all cores together, since it was asked last. */
  cpuPercent: z.number().optional(),
  /** Of the server itself, without the encoders. */
  rssBytes: z.number().optional(),
  /** Tasks that it has run to their end. */
  tasksEnded: z.int().optional(),
});
export type TranscoderHealth = z.infer<typeof transcoderHealth>;
