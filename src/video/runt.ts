import { framesPerSecond } from "./frame-rate.ts";
import type { SegmentGrid } from "./stream-plan.ts";

/** hls.js does not parse a segment of a single frame, and then never comes to the end of the video. */
export const RUNT_SECONDS = 0.4;

/**
 * Whether what is left of a video is too little to be a segment: it belongs to the one before. A rendition of half the
 * frames says the same as the others.
 */
export function isRunt(grid: SegmentGrid, left: { frames: number; seconds: number }): boolean {
  if (grid.kind === "times") return left.seconds <= RUNT_SECONDS;
  const { rate, step } = grid;
  const pairs = Math.floor((RUNT_SECONDS * framesPerSecond(rate) * step) / 2);
  return left.frames * step <= pairs * 2;
}
