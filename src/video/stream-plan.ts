import { adaptLadder } from "./adapt-ladder.ts";
import { type AudioPlan, planAudioTracks } from "./audio-encoder.ts";
import { type FrameRate, frameRateFromDecimal, framesPerSecond, parseFrameRate } from "./frame-rate.ts";
import { planLadder, type Rendition } from "./ladder.ts";
import type { StreamOutput } from "./output.ts";
import type { SourceDescription, VideoDescription } from "./source.ts";

/** Keyframes come three to a segment, so that a player can start and switch between segment borders too. */
const GOPS_PER_SEGMENT = 3;

/** Segments and keyframes counted in frames. */
export interface FrameGrid {
  kind: "frames";
  rate: FrameRate;
  segmentFrames: number;
  gopFrames: number;
  segmentSeconds: number;
  /** Frames of the picture's own grid to one of this: 2 where every second one is shown. */
  step: 1 | 2;
}

/** Where segments and keyframes fall, the same in every rendition. */
export type SegmentGrid =
  /** Whole frames: segment i starts with frame i × segmentFrames. */
  | FrameGrid
  /** Variable frame rate: segment i starts with the first keyframe at or after i × segmentSeconds. */
  | { kind: "times"; gopSeconds: number; segmentSeconds: number };

/** What one adaptive stream will be. */
export interface StreamPlan {
  /** Time that the file gives to its earliest frame or sample, seconds. */
  startSeconds: number;
  video: VideoDescription;
  renditions: Rendition[];
  /** One for each audio track of the source that can be decoded. */
  audio: AudioPlan[];
  grid: SegmentGrid;
  output: StreamOutput;
}

/** @throws {MediaError} `no_video_stream` when the source has only audio. */
export function planStream(source: SourceDescription, output: StreamOutput): StreamPlan {
  const renditions = adaptLadder(planLadder(source, output.variants), source, output);
  const video = source.video as VideoDescription;
  const audioKbps = Math.max(...renditions.map((rendition) => rendition.audioKbps));
  return {
    startSeconds: source.startSeconds,
    video,
    renditions,
    audio: planAudioTracks(source, audioKbps),
    grid: planGrid(video, output.segmentSeconds, renditions),
    output,
  };
}

export function planGrid(
  video: VideoDescription,
  segmentSeconds: number,
  renditions: readonly Rendition[],
): SegmentGrid {
  if (video.variableFrameRate) {
    return { kind: "times", gopSeconds: segmentSeconds / GOPS_PER_SEGMENT, segmentSeconds };
  }
  const rate = parseFrameRate(video.frameRateRatio ?? "") ?? frameRateFromDecimal(video.frameRate);
  // Where a rung shows every second frame, every border has to fall on one of those.
  const unit = renditions.some(({ everySecondFrame }) => everySecondFrame) ? 2 : 1;
  const whole = (frames: number) => unit * Math.max(1, Math.round(frames / unit));
  const segmentFrames = whole(segmentSeconds * framesPerSecond(rate));
  return {
    kind: "frames",
    rate,
    segmentFrames,
    gopFrames: whole(segmentFrames / GOPS_PER_SEGMENT),
    segmentSeconds: segmentFrames / framesPerSecond(rate),
    step: 1,
  };
}

/** The grid in the frames of one rendition: the same times, whichever frames it shows. */
export function gridOf(
  grid: SegmentGrid,
  { everySecondFrame }: Pick<Rendition, "everySecondFrame">,
): SegmentGrid {
  if (grid.kind === "times" || !everySecondFrame) return grid;
  const { rate, segmentFrames, gopFrames } = grid;
  return {
    ...grid,
    rate: { ...rate, denominator: rate.denominator * 2 },
    segmentFrames: segmentFrames / 2,
    gopFrames: gopFrames / 2,
    step: 2,
  };
}

/** The rendition with the most pixels: all others are made from its frames. */
export function largestRendition({ renditions }: StreamPlan): Rendition {
  return renditions.reduce((a, b) => (b.width * b.height > a.width * a.height ? b : a));
}

/** Pixels of the largest rendition, such as `1280x720`. */
export function largestOf(plan: StreamPlan): string {
  const { width, height } = largestRendition(plan);
  return `${width}x${height}`;
}

/** A run of whole segments, counted from 0 on the grid. */
export interface SegmentRange {
  first: number;
  /** First segment that is not in it; absent: to the end of the video, wherever that is. */
  end?: number | undefined;
}

export const WHOLE: SegmentRange = { first: 0 };

/** Rounding of fragment times that must not push a fragment into the segment before, seconds. */
export const TIME_TOLERANCE_SECONDS = 0.002;

/** Number of the segment that a fragment starting at this time belongs to, counted from 0. */
export function segmentIndexAt(grid: SegmentGrid, startSeconds: number): number {
  return Math.max(0, Math.floor((startSeconds + TIME_TOLERANCE_SECONDS) / grid.segmentSeconds));
}
