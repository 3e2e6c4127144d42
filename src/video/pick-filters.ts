import { runInFrames, runInSeconds } from "./run-in.ts";
import type { FrameGrid, SegmentGrid, SegmentRange } from "./stream-plan.ts";

/**
 * Filters that give every frame its place on the timeline of the whole video and let those of one range through.
 * Decoded from the start, the first picture stands from time 0, where the audio starts too.
 *
 * @param fromStart decoding begins with the first frame of the file
 */
export function pickFilters(grid: SegmentGrid, range: SegmentRange, fromStart: boolean): string[] {
  return grid.kind === "frames" ? pickByCount(grid, range, fromStart) : pickByTime(grid, range, fromStart);
}

/** After `fps` a frame's time is its number. */
function pickByCount(grid: FrameGrid, range: SegmentRange, fromStart: boolean): string[] {
  const { rate, segmentFrames } = grid;
  const fps = `fps=${rate.numerator}/${rate.denominator}${fromStart ? ":start_time=0" : ""}`;
  const start = range.first * segmentFrames - runInFrames(grid, range);
  return [fps, ...trim("start_pts", start, "end_pts", range.end && range.end * segmentFrames)];
}

/** Lets every second frame through, on a clock of half the rate; frame 0 of the range is one of them. */
export function everySecondFrame({ rate }: FrameGrid): string[] {
  return ["select='not(mod(n,2))'", `fps=${rate.numerator}/${rate.denominator}`];
}

function pickByTime(
  { segmentSeconds }: Extract<SegmentGrid, { kind: "times" }>,
  range: SegmentRange,
  fromStart: boolean,
): string[] {
  const fromZero = fromStart ? ["setpts='if(eq(N,0),0,PTS)'"] : [];
  const start = range.first * segmentSeconds - runInSeconds(range);
  return [...fromZero, ...trim("start", start, "end", range.end && range.end * segmentSeconds)];
}

function trim(startName: string, start: number, endName: string, end: number | undefined): string[] {
  const limits = [
    ...(start === 0 ? [] : [`${startName}=${start}`]),
    ...(end === undefined ? [] : [`${endName}=${end}`]),
  ];
  return limits.length === 0 ? [] : [`trim=${limits.join(":")}`];
}
