/** What is given up with a task that failed for good; a job that allows no partial result gives up everything. */
import { and, eq, inArray, type SQL, sql } from "drizzle-orm";
import type { DrizzleD1Database } from "drizzle-orm/d1";
import { outputFailures } from "../../schema/outputs.ts";
import { attempts, tasks } from "../../schema/tasks.ts";
import type { Lease } from "../claimed-task.ts";

/** A task that ran when it was cancelled: whoever runs it should stop. */
export interface CancelledLease {
  taskId: string;
  attempt: number;
  workerId: string;
}

/**
 * Cancels what a job has left while `guard` holds: its unfinished tasks, then their running attempts (returned, so
 * that they can be stopped).
 */
export function cancelRest(db: DrizzleD1Database, jobId: string, nowMs: number, guard: SQL) {
  return [cancelTasks(db, jobId, nowMs, guard), cancelAttempts(db, jobId, nowMs, guard)] as const;
}

/**
 * Cancels what a failed task takes with it while `guard` holds: all that waits for it, however indirectly, then what
 * only those would have used. Without `allow_partial` it is the rest of the job.
 */
export function cancelLost(db: DrizzleD1Database, lease: Lease, nowMs: number, guard: SQL) {
  const takesAll = sql`EXISTS (SELECT 1 FROM jobs AS j WHERE j.id = ${lease.jobId} AND NOT j.allow_partial)`;
  const waits = sql`tasks.id IN (WITH RECURSIVE doomed(id) AS (
      SELECT d.task_id FROM task_dependencies AS d WHERE d.depends_on = ${lease.taskId}
      UNION SELECT d.task_id FROM task_dependencies AS d JOIN doomed ON d.depends_on = doomed.id)
    SELECT id FROM doomed)`;
  const isUseless = sql`tasks.output_names = '[]'
    AND EXISTS (SELECT 1 FROM task_dependencies AS d WHERE d.depends_on = tasks.id)
    AND NOT EXISTS (SELECT 1 FROM task_dependencies AS d JOIN tasks AS t ON t.id = d.task_id
      WHERE d.depends_on = tasks.id AND t.state NOT IN ('failed', 'cancelled'))`;
  return [
    cancelTasks(db, lease.jobId, nowMs, sql`(${takesAll} OR ${waits}) AND ${guard}`),
    cancelTasks(db, lease.jobId, nowMs, sql`${isUseless} AND ${guard}`),
    cancelAttempts(db, lease.jobId, nowMs, guard),
  ] as const;
}

/**
 * Notes the outputs that went with failed and cancelled tasks, each with the failure that cost it first. What another task
 * still is to make is not lost.
 */
export function recordLostOutputs(
  db: DrizzleD1Database,
  jobId: string,
  failure: unknown,
  nowMs: number,
  guard: SQL,
) {
  return db
    .insert(outputFailures)
    .select(
      sql`SELECT t.job_id, n.value, t.id, ${JSON.stringify(failure)}, ${nowMs}
      FROM tasks AS t, json_each(t.output_names) AS n
      WHERE t.job_id = ${jobId} AND t.state IN ('failed', 'cancelled')
        AND EXISTS (SELECT 1 FROM jobs AS j WHERE j.id = t.job_id AND j.allow_partial)
        AND NOT EXISTS (SELECT 1 FROM outputs AS o WHERE o.job_id = t.job_id AND o.name = n.value)
        AND NOT EXISTS (SELECT 1 FROM tasks AS w, json_each(w.output_names) AS m WHERE w.job_id = t.job_id
          AND w.state IN ('blocked', 'ready', 'leased') AND m.value = n.value) AND ${guard}`,
    )
    .onConflictDoNothing();
}

function cancelTasks(db: DrizzleD1Database, jobId: string, nowMs: number, condition: SQL) {
  return db
    .update(tasks)
    .set({ state: "cancelled", finishedAt: nowMs, leaseUntil: null })
    .where(and(eq(tasks.jobId, jobId), inArray(tasks.state, ["blocked", "ready", "leased"]), condition))
    .returning({ id: tasks.id });
}

function cancelAttempts(db: DrizzleD1Database, jobId: string, nowMs: number, guard: SQL) {
  const ofCancelled = sql`${attempts.taskId} IN (SELECT t.id FROM tasks AS t WHERE t.job_id = ${jobId} AND t.state = 'cancelled')`;
  return db
    .update(attempts)
    .set({ outcome: "cancelled", finishedAt: nowMs })
    .where(and(eq(attempts.jobId, jobId), eq(attempts.outcome, "running"), ofCancelled, guard))
    .returning({ taskId: attempts.taskId, attempt: attempts.number, workerId: attempts.workerId });
}
