import type { Env } from "../config.ts";
import { MediaError } from "../errors.ts";
import type { Lease } from "../jobs/claimed-task.ts";
import { findExpiredLeases, readLeased } from "../jobs/store/sweep-queries.ts";
import { log } from "../log.ts";
import { concludeFailed } from "./conclude.ts";
import { eachAlone } from "./each-alone.ts";
import { slotBehind, slotsOf } from "./slots.ts";
import type { Transcoder } from "./transcoder.ts";
import { isWithin } from "./within.ts";

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
  await concludeFailed(env, leased, await lossOf(env, leased.lease));
}

/**
 * What became of whoever ran an attempt. A slot that does not know it any more was started anew since: then it was not
 * the attempt that stopped answering. One that does has heard nothing from its container, and stops it.
 */
async function lossOf(env: Env, { taskId, attempt, workerId }: Lease): Promise<MediaError> {
  const slot = slotsOf(env).find(({ name }) => name === workerId);
  if (slot && (await isForgotten(slotBehind(env, slot), taskId, attempt))) {
    return new MediaError("worker_restarted", "The worker that ran this task was started anew.");
  }
  return new MediaError("worker_lost", "The worker that ran this task stopped answering.");
}

const ANSWER_WITHIN_MS = 2_000;

async function isForgotten(
  slot: Pick<DurableObjectStub<Transcoder>, "stopAttempt">,
  taskId: string,
  attempt: number,
): Promise<boolean> {
  try {
    const isKnown = slot.stopAttempt(taskId, attempt);
    return (await isWithin(isKnown, ANSWER_WITHIN_MS)) && !(await isKnown);
  } catch (error) {
    log("warn", "processing", "slot_unreachable", { task_id: taskId, detail: String(error) });
    return false;
  }
}

/** Takes back what nobody renews any more, the longest overdue first; gives how many it could. */
export async function recoverExpired(env: Env, nowMs: number, limit: number): Promise<number> {
  const expired = await findExpiredLeases(env.DB, nowMs, limit);
  return await eachAlone("recover", expired, (task) => recoverTask(env, task.id, task.leaseToken ?? ""));
}
