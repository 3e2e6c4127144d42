import { attemptPrefix, type ClaimedTask } from "../jobs/claimed-task.ts";
import { readDependencies } from "../jobs/store/read-jobs.ts";
import { deletePrefix } from "../media/delete-prefix.ts";
import { joinTracks } from "../video/join-tracks.ts";
import { stitchTrackOf } from "../video/stitch.ts";
import type { StitchTrack } from "../video/stitch-track.ts";
import { verifyTracks } from "../video/verify-tracks.ts";
import { readEncodedParts } from "./encoded-parts.ts";

/**
 * What a stitch task joins: the tracks that the tasks before it have encoded, which have to fit as if one had made them.
 *
 * @throws MediaError `invalid_result` when they do not
 */
export async function readStitchTracks(d1: D1Database, { task }: ClaimedTask): Promise<StitchTrack[]> {
  const { tracks } = joinTracks(await readEncodedParts(d1, task.id));
  verifyTracks(tracks);
  return tracks.map(stitchTrackOf);
}

/** Removes the parts of a file that is joined: everything in them is in the file. */
export async function removeParts(
  env: { DB: D1Database; MEDIA: R2Bucket },
  { task, lease }: ClaimedTask,
): Promise<void> {
  for (const { id, attempt } of await readDependencies(env.DB, task.id)) {
    await deletePrefix(env.MEDIA, attemptPrefix({ jobId: lease.jobId, taskId: id, attempt }));
  }
}
