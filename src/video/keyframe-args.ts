import { runInFrames } from "./run-in.ts";
import type { FrameGrid, SegmentGrid, SegmentRange } from "./stream-plan.ts";

/** Longest run without a keyframe that x264 may be left with; keyframes are forced by expression. */
const KEYFRAME_INTERVAL_CEILING = 9999;

/** More than the last chunk has, wherever it ends. */
const LAST_CHUNK_SEGMENTS = 300;

/** Keyframes exactly on the grid and nowhere else; each closes its GOP, so a segment decodes alone. */
export function keyframeArgs(grid: SegmentGrid, range: SegmentRange): string[] {
  return [
    ...["-sc_threshold", "0", "-forced-idr", "1", "-flags:v", "+cgop", "-keyint_min", "1"],
    ...["-g", String(KEYFRAME_INTERVAL_CEILING)],
    ...(grid.kind === "frames" ? keyframesByCount(grid, range) : keyframesByTime(grid, range)),
  ];
}

/** A chunk starts with a segment, so counting from its first frame and from that of the video is the same. */
function keyframesByCount(grid: FrameGrid, range: SegmentRange): string[] {
  const runIn = runInFrames(grid, range);
  const frame = runIn === 0 ? "n" : `n-${runIn}`;
  const onGrid = `expr:not(mod(mod(${frame},${grid.segmentFrames}),${grid.gopFrames}))`;
  return ["-fps_mode", "passthrough", "-force_key_frames", onGrid];
}

/**
 * The first frame of each stretch of `gopSeconds`; a stretch without a frame has none. No frame is shown later than it
 * is decoded: where frames last unevenly that would be later by another time in every chunk.
 */
function keyframesByTime(grid: Extract<SegmentGrid, { kind: "times" }>, range: SegmentRange): string[] {
  return [
    ...["-bf", "0", "-fps_mode", "vfr", "-enc_time_base", "1:90000", "-video_track_timescale", "90000"],
    ...["-force_key_frames", range.first === 0 ? firstOfEachStretch(grid) : timesIn(grid, range)],
  ];
}

/** ffmpeg counts `t` from the first frame that it encodes: right only where that is at 0. */
function firstOfEachStretch({ gopSeconds }: Extract<SegmentGrid, { kind: "times" }>): string {
  const stretch = (time: string) => `floor((${time}+0.0001)/${gopSeconds})`;
  return `expr:if(isnan(prev_forced_t),1,gt(${stretch("t")},${stretch("prev_forced_t")}))`;
}

function timesIn(
  { gopSeconds, segmentSeconds }: Extract<SegmentGrid, { kind: "times" }>,
  { first, end = first + LAST_CHUNK_SEGMENTS }: SegmentRange,
): string {
  const count = Math.round(((end - first) * segmentSeconds) / gopSeconds);
  return Array.from({ length: count }, (_, i) => (first * segmentSeconds + i * gopSeconds).toFixed(6)).join();
}
