import type { FragmentSample } from "./media-fragment.ts";

/** As many frames in a row tell a rate; fewer would tell how times are rounded. */
const RUN_FRAMES = 6;

/**
 * Frames a second where they come fastest within a fragment: of a source without a fixed rate, what a player has to
 * keep up with. 0 for a fragment without frames.
 *
 * @param timescale ticks a second
 */
export function peakFrameRate(samples: readonly FragmentSample[], timescale: number): number {
  const frames = Math.min(RUN_FRAMES, samples.length);
  let shortest = Number.POSITIVE_INFINITY;
  for (let first = 0; first + frames <= samples.length; first++) {
    const run = samples.slice(first, first + frames);
    shortest = Math.min(
      shortest,
      run.reduce((sum, { durationTicks }) => sum + durationTicks, 0),
    );
  }
  return frames === 0 || shortest <= 0 ? 0 : (frames * timescale) / shortest;
}
