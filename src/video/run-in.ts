import type { FrameGrid, SegmentRange } from "./stream-plan.ts";

/**
 * A chunk is encoded from a little before its start, and what comes of that is thrown away: the encoder's rate control
 * has no past otherwise, and gives the first frames another quality than one pass would. Twelve frames suffice.
 */
const RUN_IN_FRAMES = 12;
const RUN_IN_SECONDS = 0.4;

export function runInFrames({ segmentFrames, step }: FrameGrid, { first }: SegmentRange): number {
  return first === 0 ? 0 : Math.min(RUN_IN_FRAMES / step, segmentFrames);
}

export function runInSeconds({ first }: SegmentRange): number {
  return first === 0 ? 0 : RUN_IN_SECONDS;
}
