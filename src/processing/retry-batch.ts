import type { Env } from "../config.ts";
import { MediaError } from "../errors.ts";
import { findBatch, jobsOf } from "../jobs/batch-routes.ts";
import type { JobRow } from "../jobs/claimed-task.ts";
import { beginRetry } from "./retry-job.ts";

/**
 * Retries every job of a batch that failed or lost outputs; the batch is open again until they have ended. Jobs that
 * were cancelled stay so.
 *
 * @returns the ids of the jobs that are tried again
 * @throws MediaError `not_found`; `conflict` when there is none.
 */
export async function retryBatch(env: Env, owner: string, batchId: string): Promise<string[]> {
  const { batch } = await findBatch(env.DB, owner, batchId);
  const found = await jobsOf(env.DB, owner, batch.id);
  const retried: string[] = [];
  for (const { job, outputsFailed } of found) {
    if (job.status !== "failed" && outputsFailed.length === 0) continue;
    if (await isRetried(env, job)) retried.push(job.id);
  }
  if (retried.length > 0) return retried;
  throw new MediaError("conflict", "No job of the batch failed, or completed with outputs missing.");
}

/** `false` when somebody else retried it first, or its media is gone. */
async function isRetried(env: Env, job: JobRow): Promise<boolean> {
  try {
    await beginRetry(env, job);
    return true;
  } catch (error) {
    if (error instanceof MediaError && error.code === "conflict") return false;
    throw error;
  }
}
