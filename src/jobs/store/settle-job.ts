import { and, eq, inArray, type SQL, sql } from "drizzle-orm";
import type { DrizzleD1Database } from "drizzle-orm/d1";
import { recordJobEvent } from "../../outbox.ts";
import { jobs } from "../../schema/jobs.ts";
import { recordDeadLetter } from "./record-dead-letter.ts";

/**
 * The statement that ends a job which has no task left to run, while `guard` holds: `completed`, or `failed` with
 * `error` when something was lost and the job does not allow that, or nothing was made at all. Zero rows: it has
 * work left, or has ended before.
 */
export function settleJob(db: DrizzleD1Database, jobId: string, error: SQL, nowMs: number, guard: SQL) {
  const isFailed = sql`(
    (EXISTS (SELECT 1 FROM tasks AS t WHERE t.job_id = ${jobId} AND t.state IN ('failed', 'cancelled'))
      OR EXISTS (SELECT 1 FROM output_failures AS f WHERE f.job_id = ${jobId}))
    AND (NOT jobs.allow_partial OR NOT EXISTS (SELECT 1 FROM outputs AS o WHERE o.job_id = ${jobId})))`;
  return db
    .update(jobs)
    .set({
      status: sql`CASE WHEN ${isFailed} THEN 'failed' ELSE 'completed' END`,
      error: sql`CASE WHEN ${isFailed} THEN ${error} END`,
      progressPercentage: sql`CASE WHEN ${isFailed} THEN jobs.progress_percentage ELSE 100 END`,
      currentStage: sql`CASE WHEN ${isFailed} THEN jobs.current_stage END`,
      finishedAt: nowMs,
    })
    .where(
      and(eq(jobs.id, jobId), inArray(jobs.status, ["pending", "processing"]), hasNothingLeft(jobId), guard),
    );
}

/** What goes with the end of a job that {@link settleJob} ended at `nowMs`: its event, and its dead letter if it failed. */
export function recordEnd(db: DrizzleD1Database, jobId: string, nowMs: number, guard: SQL) {
  const endedNow = (status: "completed" | "failed") =>
    sql`j.id = ${jobId} AND j.status = ${status} AND j.finished_at = ${nowMs} AND ${guard}`;
  return [
    recordDeadLetter(db, endedNow("failed")),
    recordJobEvent(db, { type: "job.failed", where: endedNow("failed"), cause: sql`j.run`, nowMs }),
    recordJobEvent(db, { type: "job.completed", where: endedNow("completed"), cause: sql`j.run`, nowMs }),
  ] as const;
}

function hasNothingLeft(jobId: string): SQL {
  return sql`NOT EXISTS (SELECT 1 FROM tasks AS t WHERE t.job_id = ${jobId} AND t.state IN ('blocked', 'ready', 'leased'))`;
}
