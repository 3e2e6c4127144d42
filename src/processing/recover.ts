import type { Env } from "../config.ts";
import { MediaError } from "../errors.ts";
import { findExpiredLeases, readLeased } from "../jobs/store/sweep-queries.ts";
import { log } from "../log.ts";
import { concludeFailed } from "./conclude.ts";

/**
 * Takes a task back from a worker that is not heard of any more: it is ready again, and the loss is not counted
 * against it. A lease that is gone already changes nothing.
 */
export async function recoverTask(env: Env, taskId: string, leaseToken: string): Promise<void> {
  const leased = await readLeased(env.DB, taskId, leaseToken);
  if (!leased) return;
  log("warn", "processing", "task_recovered", {
    job_id: leased.job.id,
    task_id: taskId,
    worker_id: leased.lease.workerId,
  });
  await concludeFailed(
    env,
    leased,
    new MediaError("worker_lost", "The worker that ran this task stopped answering."),
  );
}

/** Takes back what nobody renews any more, the longest overdue first; gives how many there were. */
export async function recoverExpired(env: Env, nowMs: number, limit: number): Promise<number> {
  const expired = await findExpiredLeases(env.DB, nowMs, limit);
  for (const task of expired) await recoverTask(env, task.id, task.leaseToken ?? "");
  return expired.length;
}
