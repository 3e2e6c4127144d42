import { MediaError } from "../../src/errors.ts";
import type { SourceDescription } from "../../src/video/source.ts";

/** Frames that may be missing at the end through rounding of times. */
const TOLERANCE_FRAMES = 2;

/**
 * Compares what was encoded with what the source promised. Short, and ffmpeg complained on the way: the source ends
 * early or is damaged. Short without a complaint: the header was wrong, which is worth a note only.
 *
 * @param complaints stderr of the successful run
 * @param until where a part of the video should end, seconds; absent: the end of the video
 * @throws {MediaError} `corrupt_input`
 */
export function checkLength(
  source: SourceDescription,
  madeSeconds: number,
  complaints: string,
  until?: number,
): string[] {
  const { video } = source;
  if (video === undefined) return [];
  const promised = until ?? video.durationSeconds ?? source.durationSeconds;
  const frames = (TOLERANCE_FRAMES + 0.5) / video.frameRate;
  // Without a length of its own the video may well be shorter than the file, which the audio can outlast.
  const tolerance = video.durationSeconds === undefined ? Math.max(1, promised * 0.1) : frames;
  if (madeSeconds >= promised - tolerance) return [];
  const message = `The video can be read for ${madeSeconds.toFixed(2)} s only, of ${promised.toFixed(2)} s.`;
  if (complaints === "") return [message];
  throw new MediaError("corrupt_input", `${message} The rest is missing or damaged.`, {
    privateDetail: complaints,
  });
}
