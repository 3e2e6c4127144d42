import { drizzle } from "drizzle-orm/d1";
import { LIMITS } from "../../config.ts";
import { tasks } from "../../schema/tasks.ts";
import type { Lease } from "../claimed-task.ts";
import { isLeasedWith } from "./lease-guard.ts";

/**
 * Prolongs a lease that is still held. `false` (zero rows) means that the task was taken back, cancelled or ended:
 * stop working on it.
 */
export async function renewLease(d1: D1Database, lease: Lease, nowMs: number): Promise<boolean> {
  const rows = await drizzle(d1)
    .update(tasks)
    .set({ leaseUntil: nowMs + LIMITS.leaseMs })
    .where(isLeasedWith(lease.taskId, lease.token))
    .returning({ id: tasks.id });
  return rows.length === 1;
}

/** Whether a token still holds its task. */
export async function holdsLease(d1: D1Database, taskId: string, token: string): Promise<boolean> {
  const rows = await drizzle(d1).select({ id: tasks.id }).from(tasks).where(isLeasedWith(taskId, token));
  return rows.length === 1;
}
