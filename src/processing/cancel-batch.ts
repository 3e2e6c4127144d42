import type { Env } from "../config.ts";
import { MediaError } from "../errors.ts";
import { findBatch } from "../jobs/batch-routes.ts";
import { cancelPending, deleteBatch, findHaltedBatches, isHalted } from "../jobs/store/cancel-batch.ts";
import { listJobIds } from "../jobs/store/read-batches.ts";
import { settleStuckBatches } from "../jobs/store/settle-batch.ts";
import { dispatchEvents } from "../webhooks/dispatch.ts";
import { removeJob, stopJob } from "./cancel-job.ts";
import { show } from "./conclude.ts";

interface CancelledBatch {
  status: "cancelled" | "deleted";
  /** Work was stopped, which takes a moment more. */
  wasRunning: boolean;
}

/**
 * Ends a batch by hand: what has not started is cancelled; what is being processed is stopped if `force`, and jobs
 * that ended keep what they made. One that has ended is removed with all its jobs and their files.
 *
 * @throws MediaError `not_found`; `conflict` when some of it is being processed and not forced, or nothing was left to
 *   cancel: nothing changes.
 */
export async function cancelBatch(
  env: Env,
  owner: string,
  batchId: string,
  force: boolean,
): Promise<CancelledBatch> {
  const { batch, counts } = await findBatch(env.DB, owner, batchId);
  if (batch.finishedAt !== null) {
    await removeBatch(env, batchId);
    return { status: "deleted", wasRunning: false };
  }
  if (counts.processing > 0 && !force) {
    throw new MediaError(
      "conflict",
      `${counts.processing} of its jobs are being processed. Add ?force=true to stop them and discard their work.`,
    );
  }
  const cancelled = await cancelWaiting(env, batchId, Date.now());
  // One that was claimed between the two looks is stopped only if that was asked for.
  const running = force ? await listJobIds(env.DB, batchId, "processing") : [];
  let stopped = 0;
  for (const jobId of running) if (await stopJob(env, jobId)) stopped++;
  if (cancelled + stopped === 0) {
    throw new MediaError(
      "conflict",
      "Its jobs started or ended in this moment, so none was cancelled. Look again.",
    );
  }
  return { status: "cancelled", wasRunning: stopped > 0 };
}

/** Jobs first: what stops this half-way leaves the batch to be deleted again. */
async function removeBatch(env: Env, batchId: string): Promise<void> {
  for (const jobId of await listJobIds(env.DB, batchId)) await removeJob(env, jobId);
  await deleteBatch(env.DB, batchId);
}

/** After a job has failed for good: if its batch may not outlive that, what has not started is cancelled. */
export async function haltBatch(env: Env, batchId: string, nowMs: number): Promise<void> {
  await tellCancelled(env, await cancelPending(env.DB, batchId, nowMs, isHalted(batchId)), nowMs);
}

/** For the sweep: ends the batches whose last job is gone without having ended them, and says so. */
export async function settleBatches(env: Env, nowMs: number, limit: number): Promise<number> {
  const settled = await settleStuckBatches(env.DB, nowMs, limit);
  if (settled.length > 0) await dispatchEvents(env, settled, nowMs);
  return settled.length;
}

/** For the sweep: halts what a crash left between a job's failure and its consequence. */
export async function haltBatches(env: Env, nowMs: number, limit: number): Promise<number> {
  const halted = await findHaltedBatches(env.DB, limit);
  for (const batchId of halted) await haltBatch(env, batchId, nowMs);
  return halted.length;
}

/** How many it were. */
async function cancelWaiting(env: Env, batchId: string, nowMs: number): Promise<number> {
  const cancelled = await cancelPending(env.DB, batchId, nowMs);
  await tellCancelled(env, cancelled, nowMs);
  return cancelled.length;
}

async function tellCancelled(env: Env, jobIds: readonly string[], nowMs: number): Promise<void> {
  if (jobIds.length === 0) return;
  const ended = { type: "job_ended", status: "cancelled", atMs: nowMs } as const;
  await Promise.all(jobIds.map((jobId) => show(env, jobId, [ended])));
  await dispatchEvents(env, jobIds, nowMs);
}
