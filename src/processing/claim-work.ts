import type { Env } from "../config.ts";
import { type Claim, claimTask } from "../jobs/store/claim-task.ts";
import type { Lane, SlotSize } from "../schema/tasks.ts";
import { dispatchEvents } from "../webhooks/dispatch.ts";
import { heldUntil } from "./breakers.ts";
import { laneCapacity } from "./lane-capacity.ts";
import { armLeaseWatch } from "./lease-watch.ts";

/** Whoever has room for one task now. */
interface Worker {
  lane: Lane;
  workerId: string;
  slotSize?: SlotSize;
}

/** Claims the best task for a worker, unless something that every task needs is down. */
export async function claimWork(env: Env, worker: Worker): Promise<Claim> {
  const nextAtMs = await heldUntil(env);
  if (nextAtMs !== undefined) return { claimed: undefined, nextAtMs };
  await armLeaseWatch(env);
  const nowMs = Date.now();
  const claim = await claimTask(env.DB, {
    ...worker,
    token: crypto.randomUUID(),
    nowMs,
    laneCapacity: laneCapacity(env, worker.lane),
  });
  if (claim.claimed && claim.hasEvents) await dispatchEvents(env, [claim.claimed.job.id], nowMs);
  return claim;
}
