import { eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { Env } from "../config.ts";
import { endJob } from "../jobs/store/end-job.ts";
import { listJobsOfMedia } from "../jobs/store/read-jobs.ts";
import { deletePrefix } from "../media/delete-prefix.ts";
import { derivedPrefix } from "../media/object-keys.ts";
import type { MediaRecord } from "../media/record.ts";
import { markDeleted } from "../media/store.ts";
import { removeJob } from "../processing/cancel-job.ts";
import { tell } from "../processing/conclude.ts";
import { stopAttempts } from "../processing/stop-attempts.ts";
import { derivatives } from "../schema.ts";

/**
 * Deletes a media with all that came of it: jobs that still run are stopped, then jobs, outputs, derivatives and the
 * original go. It is hidden from every reader first; repeating it after a crash finishes the work.
 */
export async function deleteMedia(env: Env, media: MediaRecord): Promise<void> {
  await markDeleted(env.DB, media);
  for (const job of await listJobsOfMedia(env.DB, media.id)) {
    if (job.status === "pending" || job.status === "processing") {
      const nowMs = Date.now();
      const ended = await endJob(env.DB, job.id, job.status, nowMs);
      if (ended.ended) await stopAttempts(env, ended.running);
      await tell(env, job.id, [{ type: "job_ended", status: "cancelled", atMs: nowMs }]);
    }
    await removeJob(env, job.id);
  }
  await deletePrefix(env.MEDIA, derivedPrefix(media.id));
  await drizzle(env.DB).delete(derivatives).where(eq(derivatives.mediaId, media.id));
  await env.MEDIA.delete(media.objectKey);
}
