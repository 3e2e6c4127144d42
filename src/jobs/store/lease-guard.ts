import { and, eq, type SQL, sql } from "drizzle-orm";
import { type TaskState, tasks } from "../../schema/tasks.ts";
import type { Lease } from "../claimed-task.ts";

/** The task is leased under this very token. The literal state lets SQLite use the partial indexes on leases. */
export function isLeasedWith(taskId: string, token: string): SQL | undefined {
  return and(eq(tasks.id, taskId), sql`${tasks.state} = 'leased'`, eq(tasks.leaseToken, token));
}

/** As a guard of other statements of a batch: the task is in a state under the token of this lease. */
export function taskIs(state: TaskState, lease: Lease): SQL {
  return sql`EXISTS (SELECT 1 FROM tasks AS own WHERE own.id = ${lease.taskId} AND own.state = ${state} AND own.lease_token = ${lease.token})`;
}
