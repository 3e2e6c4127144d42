import { and, eq, ne, notExists } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { Env } from "../config.ts";
import { derivedObjectPrefix } from "../image-url/cache-key.ts";
import { purgeDerivatives } from "../image-url/purge.ts";
import type { JobRow } from "../jobs/claimed-task.ts";
import { listJobsOfMedia } from "../jobs/store/read-jobs.ts";
import { deletePrefix } from "../media/delete-prefix.ts";
import type { MediaRecord } from "../media/record.ts";
import { markDeleted } from "../media/store.ts";
import { endLivingJob, removeJob } from "../processing/cancel-job.ts";
import {
  derivatives,
  imageAnalyses,
  mediaHashes,
  media as mediaTable,
  remoteImages,
} from "../schema/media.ts";

/** Jobs that one call removes: each costs several queries, and an invocation may make 1,000. */
const JOBS_A_CALL = 20;

/**
 * Deletes a media with all that came of it: jobs that still run are stopped, then jobs, outputs, derivatives, the
 * original and the row go. It is hidden from every reader first, so that whatever stops this half-way, the sweep
 * finishes it.
 *
 * @returns whether it is all gone; else call again
 */
export async function deleteMedia(env: Env, media: MediaRecord): Promise<boolean> {
  await markDeleted(env.DB, media);
  const found = await listJobsOfMedia(env.DB, media.id, JOBS_A_CALL);
  for (const job of found) await stopAndRemove(env, job);
  if (found.length === JOBS_A_CALL) return false;
  await deletePrefix(env.MEDIA, derivedObjectPrefix(media.id));
  await env.MEDIA.delete(media.objectKey);
  await purgeDerivatives(env, media.id);
  const db = drizzle(env.DB);
  const others = db
    .select({ id: mediaTable.id })
    .from(mediaTable)
    .where(and(eq(mediaTable.sha256, media.sha256), ne(mediaTable.id, media.id)));
  await db.batch([
    db.delete(imageAnalyses).where(and(eq(imageAnalyses.sha256, media.sha256), notExists(others))),
    db.delete(derivatives).where(eq(derivatives.mediaId, media.id)),
    db.delete(mediaHashes).where(eq(mediaHashes.mediaId, media.id)),
    db.delete(remoteImages).where(eq(remoteImages.mediaId, media.id)),
    db.delete(mediaTable).where(eq(mediaTable.id, media.id)),
  ]);
  return true;
}

async function stopAndRemove(env: Env, job: JobRow): Promise<void> {
  // What was read is old: whatever state it is in by now, it ends.
  if (job.finishedAt === null) await endLivingJob(env, job.id);
  await removeJob(env, job.id);
}
