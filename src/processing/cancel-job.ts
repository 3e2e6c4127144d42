import type { Env } from "../config.ts";
import { MediaError } from "../errors.ts";
import { findJob } from "../jobs/routes.ts";
import { deleteJob, endJob } from "../jobs/store/end-job.ts";
import { deletePrefix } from "../media/delete-prefix.ts";
import { jobPrefix } from "../media/object-keys.ts";
import { announce } from "./conclude.ts";
import { stopAttempts } from "./stop-attempts.ts";

interface Cancelled {
  status: "cancelled" | "deleted";
  /** Work was stopped, which takes a moment more. */
  wasRunning: boolean;
}

/**
 * Ends a job by hand: pending is cancelled; processing is stopped if `force`; ended is removed with its files.
 *
 * @throws MediaError `not_found`; `conflict` when it is processing and not forced.
 */
export async function cancelJob(env: Env, owner: string, jobId: string, force: boolean): Promise<Cancelled> {
  for (let look = 0; look < LOOKS; look++) {
    const cancelled = await tryToCancel(env, owner, jobId, force);
    if (cancelled) return cancelled;
  }
  throw new MediaError("conflict", "The job ends and begins again while it is to be cancelled. Ask again.");
}

/** Between two looks a job can end by itself or be retried; then it is looked at again. */
const LOOKS = 3;

/** Undefined: it was in another state by the time that it was to be ended. */
async function tryToCancel(
  env: Env,
  owner: string,
  jobId: string,
  force: boolean,
): Promise<Cancelled | undefined> {
  const { job } = await findJob(env.DB, owner, jobId);
  const nowMs = Date.now();
  if (job.finishedAt !== null) {
    await removeJob(env, jobId);
    return { status: "deleted", wasRunning: false };
  }
  const pending = await endJob(env.DB, jobId, "pending", nowMs);
  if (pending.ended) {
    // Another run than the first has outputs of the ones before.
    if (job.run > 1) await deletePrefix(env.MEDIA, jobPrefix(jobId));
    await announce(env, jobId, [{ type: "job_ended", status: "cancelled", atMs: nowMs }]);
    return { status: "cancelled", wasRunning: false };
  }
  if (!force) {
    throw new MediaError(
      "conflict",
      "The job is being processed. Add ?force=true to stop it and discard its work.",
    );
  }
  return (await stopJob(env, jobId)) ? { status: "cancelled", wasRunning: true } : undefined;
}

/** Stops a job that is being processed and discards its work; `false` when it is not (any more). */
export async function stopJob(env: Env, jobId: string): Promise<boolean> {
  const nowMs = Date.now();
  const processing = await endJob(env.DB, jobId, "processing", nowMs);
  if (!processing.ended) return false;
  await stopAttempts(env, processing.running);
  await announce(env, jobId, [{ type: "job_ended", status: "cancelled", atMs: nowMs }]);
  await deletePrefix(env.MEDIA, jobPrefix(jobId));
  return true;
}

/** Ends a job that waits or is being processed and discards its work; nothing changes when it has ended. */
export async function endLivingJob(env: Env, jobId: string): Promise<void> {
  const nowMs = Date.now();
  const pending = await endJob(env.DB, jobId, "pending", nowMs);
  // What is pending can be claimed between the two, and what is being processed never turns pending.
  if (pending.ended) await announce(env, jobId, [{ type: "job_ended", status: "cancelled", atMs: nowMs }]);
  else await stopJob(env, jobId);
}

/** A job that was cancelled cannot be retried: more rounds are for one that failed by itself and was retried again. */
const REMOVE_ROUNDS = 3;

/**
 * Removes an ended job with all that it made. One that was retried meanwhile has lost its files: it is ended first.
 *
 * @throws MediaError `conflict` when it is retried over and over
 */
export async function removeJob(env: Env, jobId: string): Promise<void> {
  for (let round = 0; round < REMOVE_ROUNDS; round++) {
    await deletePrefix(env.MEDIA, jobPrefix(jobId));
    if (await deleteJob(env.DB, jobId, Date.now())) return;
    await endLivingJob(env, jobId);
  }
  throw new MediaError("conflict", "The job is retried while it is to be removed. Ask again.");
}
