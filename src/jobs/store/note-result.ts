import { drizzle } from "drizzle-orm/d1";
import { tasks } from "../../schema/tasks.ts";
import type { Lease } from "../claimed-task.ts";
import { isLeasedWith } from "./lease-guard.ts";

/**
 * Notes how far a task has come that can go on from there: the next attempt finds it as the `result` of its row. Zero
 * rows: the lease was lost, and what it says does not count.
 */
export async function noteResult(d1: D1Database, lease: Lease, result: unknown): Promise<void> {
  await drizzle(d1).update(tasks).set({ result }).where(isLeasedWith(lease.taskId, lease.token));
}
