import { MediaError } from "../../src/errors.ts";
import type { Segment } from "../../src/video/protocol.ts";
import { isRunt } from "../../src/video/runt.ts";
import type { TrackSpec } from "./write-track.ts";

/** Decoding began after the frames that a chunk starts with; it has to begin earlier. */
export class SeekMissed extends Error {}

interface SegmentStart {
  index: number;
  startTicks: number;
  timescale: number;
  /** Of this run of the encoder. */
  isFirst: boolean;
}

/**
 * A segment starts with the frame that the grid says, to the tick. A variable frame rate has no such frame: there the
 * first one at or after the time is right.
 *
 * @throws {SeekMissed} when the first segment of a chunk does not
 * @throws {MediaError} `invalid_result` when a later one does not
 */
export function checkStart({ id, kind, grid, range }: TrackSpec, start: SegmentStart): void {
  if (kind !== "video" || grid.kind !== "frames") return;
  const { numerator, denominator } = grid.rate;
  const expected = (start.index * grid.segmentFrames * denominator * start.timescale) / numerator;
  const isOnGrid = Math.abs(start.startTicks - expected) <= 1;
  if (isOnGrid && (!start.isFirst || start.index === range.first)) return;
  if (start.isFirst && range.first > 0) throw new SeekMissed();
  throw new MediaError("invalid_result", `A segment of ${id} does not start with the frame it should.`, {
    privateDetail: `segment ${start.index} at tick ${start.startTicks}, not ${expected}`,
  });
}

/**
 * Every segment has all of its frames; only the last may have fewer, or the few that are left of the video.
 * @throws {MediaError} `invalid_result`
 */
export function checkFrames({ id, kind, grid }: TrackSpec, segments: readonly Segment[]): void {
  if (kind !== "video" || grid.kind !== "frames") return;
  const short = segments.slice(0, -1).findIndex(({ frames }) => frames !== grid.segmentFrames);
  const beyond = (segments.at(-1)?.frames ?? 0) - grid.segmentFrames;
  const isLong = beyond > 0 && !isRunt(grid, { frames: beyond, seconds: 0 });
  if (short < 0 && !isLong) return;
  throw new MediaError("invalid_result", `A segment of ${id} has lost or gained frames.`, {
    privateDetail: `segment ${isLong ? segments.length : short + 1}, of ${grid.segmentFrames} frames`,
  });
}
