import { configOf, type Env, LIMITS } from "../config.ts";
import { attemptPrefix } from "../jobs/claimed-task.ts";
import {
  closeHistories,
  findOutlived,
  findUnusedAttempts,
  forgetHistories,
} from "../jobs/store/forget-history.ts";
import { deletePrefix } from "../media/delete-prefix.ts";
import { removeJob } from "../processing/cancel-job.ts";

/** Jobs whose history one sweep forgets, in a handful of queries: 140,000 a day. */
const JOBS_A_SWEEP = 100;

/**
 * Forgets how jobs came about that ended long ago: tasks, attempts, runs, and files that only a retry would have used. The
 * media and the outputs stay, and with outputs the job's own row. A job whose dead letter is open can still be requeued: it
 * waits, half a year at most. Stopped half-way, the next sweep goes on.
 *
 * @returns how many jobs it dealt with
 */
export async function forgetOldJobs(env: Env, nowMs: number): Promise<number> {
  const { jobKeptMs, failedJobKeptMs } = configOf(env);
  const ends = {
    endedBeforeMs: nowMs - jobKeptMs,
    failedBeforeMs: nowMs - failedJobKeptMs,
    openBeforeMs: nowMs - Math.max(failedJobKeptMs, LIMITS.openLetterHoldsMs),
  };
  const ids = await closeHistories(env.DB, ends, JOBS_A_SWEEP);
  if (ids.length === 0) return 0;
  for (const unused of await findUnusedAttempts(env.DB, ids)) {
    await deletePrefix(env.MEDIA, attemptPrefix({ ...unused, attempt: unused.number }));
  }
  await forgetHistories(env.DB, ids, nowMs);
  return ids.length;
}

/** Removes jobs with their outputs when those are older than the deployment keeps them; it may keep them for ever. */
export async function removeOutlived(env: Env, nowMs: number, limit: number): Promise<number> {
  const { outputKeptMs } = configOf(env);
  if (outputKeptMs === undefined) return 0;
  const ids = await findOutlived(env.DB, nowMs - outputKeptMs, limit);
  for (const id of ids) await removeJob(env, id);
  return ids.length;
}
