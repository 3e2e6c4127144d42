import { MediaError } from "../errors.ts";
import type { FileOutput } from "./file-output.ts";
import type { SourceDescription, VideoDescription } from "./source.ts";

/** What is kept of a source, seconds from its start. */
export interface Cut {
  startSeconds: number;
  durationSeconds: number;
  /** Something is left out. */
  isCut: boolean;
  notes: string[];
}

/** Containers round the times of frames to milliseconds at the worst: a frame that early is still the one meant. */
const EARLY_SECONDS = 0.0006;

/** @throws {MediaError} `impossible_output` when the source ends before the cut begins. */
export function planCut(source: SourceDescription, output: FileOutput): Cut {
  const startSeconds = output.startSeconds ?? 0;
  const { endSeconds = source.durationSeconds } = output;
  const end = Math.min(endSeconds, source.durationSeconds);
  if (end <= startSeconds) {
    throw new MediaError(
      "impossible_output",
      `The file ends at ${source.durationSeconds.toFixed(2)} s, before ${output.name} begins; lower start.`,
    );
  }
  const isShort = endSeconds > source.durationSeconds + 0.05;
  return {
    startSeconds,
    durationSeconds: end - startSeconds,
    isCut: startSeconds > 0 || endSeconds < source.durationSeconds,
    notes: isShort ? [`${output.name} ends with its source, at ${source.durationSeconds.toFixed(2)} s.`] : [],
  };
}

/** Input options of a cut: decoded from the keyframe before, and thrown away to the frame and the sample. */
export function cutArgs({ isCut, startSeconds, durationSeconds }: Cut): string[] {
  if (!isCut) return [];
  const start = Math.max(0, startSeconds - EARLY_SECONDS);
  return [...(startSeconds > 0 ? ["-ss", start.toFixed(6)] : []), "-t", durationSeconds.toFixed(6)];
}

/**
 * After a cut the first frame stands at 0, where the sound begins. Frames of a constant rate stay on their grid; those
 * of a variable one keep their times.
 *
 * @param frameRate as a ratio, to arrive at; absent: that of the source
 */
export function cutFilters(video: VideoDescription, { isCut }: Cut, frameRate: string | undefined): string[] {
  if (frameRate !== undefined) return [`fps=${frameRate}${isCut ? ":start_time=0" : ""}`];
  if (!isCut) return [];
  return video.variableFrameRate
    ? ["setpts='if(eq(N,0),0,PTS)'"]
    : [`fps=${video.frameRateRatio ?? video.frameRate}:start_time=0`];
}
