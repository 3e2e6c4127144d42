import { MediaError } from "../errors.ts";
import type { EncodedTrack } from "./protocol.ts";

/** Two segments meet when they are this near, seconds: less than a tick of any track's clock. */
const SEAM_SECONDS = 1e-6;

/**
 * Every track is gapless, and all video renditions can be switched between at every segment.
 * @throws {MediaError} `invalid_result`
 */
export function verifyTracks(tracks: readonly EncodedTrack[]): void {
  const video = tracks.filter((track) => track.kind === "video");
  const grid = startsOf(video[0]);
  for (const track of tracks) {
    if (firstGap(track) === undefined) continue;
    throw new MediaError("invalid_result", `The segments of ${track.id} do not meet.`, {
      privateDetail: `after segment ${firstGap(track)}`,
    });
  }
  const apart = video.some((track) => {
    const starts = startsOf(track);
    return (
      starts.length !== grid.length || starts.some((at, i) => Math.abs(at - (grid[i] ?? 0)) > SEAM_SECONDS)
    );
  });
  if (apart) throw new MediaError("invalid_result", "The renditions are not cut at the same times.");
}

/** Where a track ends, seconds. */
export function endOfTrack(track: EncodedTrack): number {
  const last = track.segments.at(-1);
  return last === undefined ? 0 : last.startSeconds + last.durationSeconds;
}

function firstGap({ segments }: EncodedTrack): number | undefined {
  const gap = segments.findIndex((segment, i) => {
    const next = segments[i + 1];
    const end = segment.startSeconds + segment.durationSeconds;
    return next !== undefined && Math.abs(next.startSeconds - end) > SEAM_SECONDS;
  });
  return gap < 0 ? undefined : gap;
}

function startsOf(track: EncodedTrack | undefined): number[] {
  return track?.segments.map((segment) => segment.startSeconds) ?? [];
}
