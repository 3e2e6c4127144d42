import type { SegmentRange, StreamPlan } from "./stream-plan.ts";

/**
 * How far before the chunk decoding begins, seconds. A container that is searched by its clock can land behind a
 * keyframe; then it begins earlier, and at last with the file, which is always right.
 */
const LEADS_SECONDS = [1, 15, Number.POSITIVE_INFINITY];

/** Where to begin decoding a chunk, in turn; `undefined` is the start of the file. */
export function chunkSeeks({ grid }: StreamPlan, range: SegmentRange): (number | undefined)[] {
  const start = range.first * grid.segmentSeconds;
  return [...new Set(LEADS_SECONDS.map((lead) => (start - lead > 0 ? start - lead : undefined)))];
}
