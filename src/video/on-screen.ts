import { type FfmpegSetting, inputArgs, inputArgsAround } from "./ffmpeg-args.ts";
import type { VideoDescription } from "./source.ts";

/** Containers round the times of frames to milliseconds: a frame so late is still the one meant, s. */
const LATE_SECONDS = 0.001;
/** Longer than any video, s: of what comes after the first picture, nothing is waited for. */
const FOREVER_SECONDS = 1_000_000;

/**
 * At each multiple of a step the frame that is on screen then, also where none begins for long, as with slides.
 * `round=up` gives a frame the first multiple that is not before it.
 */
export function onScreenEvery(stepSeconds: number): string[] {
  return onScreen(`1/${stepSeconds.toFixed(6)}`);
}

/** The same at a rate, frames a second. */
export function onScreenAtRate(framesPerSecond: number): string[] {
  return onScreen(String(framesPerSecond));
}

function onScreen(rate: string): string[] {
  return [`setpts=PTS-${LATE_SECONDS}/TB`, `fps=fps=${rate}:start_time=0:round=up`];
}

/**
 * Opens the source so that the first frame through the filters is the one on screen at a moment. Seeking alone gives
 * the first that begins at or after it: the same but where frames stay for long.
 */
export function openOnScreen(
  video: VideoDescription,
  setting: FfmpegSetting,
  atSeconds: number | undefined,
): { input: string[]; filters: string[] } {
  if (!video.variableFrameRate || atSeconds === undefined) {
    return { input: inputArgs(setting, atSeconds), filters: [] };
  }
  return { input: inputArgsAround(setting, atSeconds), filters: onScreenEvery(FOREVER_SECONDS) };
}
