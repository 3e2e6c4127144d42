import type { Env } from "../config.ts";
import type { JobRow } from "../jobs/claimed-task.ts";
import { log } from "../log.ts";
import { isFollowed } from "../progress/followers.ts";

/** Who follows the owner's feed hears of a job from its first moment on; the job goes its way whether or not they do. */
export async function letFollow(
  env: Env,
  { id, owner, mediaId, batchId }: Pick<JobRow, "id" | "owner" | "mediaId" | "batchId">,
): Promise<void> {
  try {
    if (!(await isFollowed(env.DB, owner, Date.now()))) return;
    await env.JOB_PROGRESS.getByName(id).follow({ owner, mediaId, batchId });
  } catch (error) {
    log("warn", "progress", "not_followed", { job_id: id, detail: String(error) });
  }
}
