import { and, eq, type SQL, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { recordJobEvent } from "../../outbox.ts";
import {
  attempts,
  type FailureRecord,
  type JobStatus,
  jobs,
  outputs,
  taskDependencies,
  tasks,
} from "../../schema.ts";
import { type CancelledLease, cancelRest } from "./fail-task.ts";
import { batchOf, settleBatch } from "./settle-batch.ts";

export type Cancellation =
  /** The job ended here; `running` are the attempts to stop. */
  | { ended: true; running: CancelledLease[] }
  /** It was in another state than expected, and nothing changed. */
  | { ended: false };

/**
 * Ends a job that is in one of `from`, with its tasks, in one batch: `cancelled`, or `failed` with the reason given.
 * Zero rows in the first statement: the job has moved on, nothing changes.
 */
export async function endJob(
  d1: D1Database,
  jobId: string,
  from: Extract<JobStatus, "pending" | "processing">,
  nowMs: number,
  failure?: FailureRecord,
): Promise<Cancellation> {
  const db = drizzle(d1);
  const status = failure ? "failed" : "cancelled";
  const guard: SQL = sql`EXISTS (SELECT 1 FROM jobs WHERE id = ${jobId} AND status = ${status} AND finished_at = ${nowMs})`;
  const [ended, , running] = await db.batch([
    db
      .update(jobs)
      .set({ status, finishedAt: nowMs, ...(failure && { error: failure }) })
      .where(and(eq(jobs.id, jobId), eq(jobs.status, from)))
      .returning({ id: jobs.id }),
    ...cancelRest(db, jobId, nowMs, guard),
    // The files of a cancelled job go, so nothing may name them; what a failed job made stays.
    ...(failure ? [] : [db.delete(outputs).where(and(eq(outputs.jobId, jobId), guard))]),
    recordJobEvent(db, {
      type: failure ? "job.failed" : "job.cancelled",
      where: sql`j.id = ${jobId} AND ${guard}`,
      cause: sql`j.finished_at`,
      nowMs,
    }),
    ...settleBatch(db, batchOf(jobId), nowMs),
  ]);
  return ended.length === 1 ? { ended: true, running } : { ended: false };
}

/** Removes every row of an ended job. Its files go first, so that a crash in between leaves the rows to retry from. */
export async function deleteJob(d1: D1Database, jobId: string): Promise<void> {
  const db = drizzle(d1);
  const ofJob = sql`task_id IN (SELECT id FROM tasks WHERE job_id = ${jobId})`;
  await db.batch([
    db.delete(outputs).where(eq(outputs.jobId, jobId)),
    db.delete(taskDependencies).where(ofJob),
    db.delete(attempts).where(eq(attempts.jobId, jobId)),
    db.delete(tasks).where(eq(tasks.jobId, jobId)),
    db.delete(jobs).where(eq(jobs.id, jobId)),
  ]);
}
