import { and, eq, type SQL, sql } from "drizzle-orm";
import { type DrizzleD1Database, drizzle } from "drizzle-orm/d1";
import { recordJobEvent } from "../../outbox.ts";
import { deadLetters, type FailureRecord } from "../../schema/failures.ts";
import { type JobStatus, jobRuns, jobs } from "../../schema/jobs.ts";
import { media } from "../../schema/media.ts";
import { outputFailures, outputs } from "../../schema/outputs.ts";
import { attempts, taskDependencies, tasks } from "../../schema/tasks.ts";
import { type CancelledLease, cancelRest, recordLostOutputs } from "./lost-work.ts";
import { batchOf, settleBatch } from "./settle-batch.ts";
import { recordEnd, settleJob } from "./settle-job.ts";
import { releaseMedia } from "./settle-media.ts";

export type Cancellation =
  /** The job ended here; `running` are the attempts to stop. */
  | { ended: true; status: "cancelled" | "failed" | "completed"; running: CancelledLease[] }
  /** It was in another state than expected, and nothing changed. */
  | { ended: false };

/**
 * Ends a job that is in one of `from`, with its tasks, in one batch: `cancelled`, or with the reason given `failed`
 * (`completed`, if it allows partial results and has some). Zero rows in the statement that ends it: the job has
 * moved on, nothing changes.
 */
export async function endJob(
  d1: D1Database,
  jobId: string,
  from: Extract<JobStatus, "pending" | "processing">,
  nowMs: number,
  failure?: FailureRecord,
): Promise<Cancellation> {
  const db = drizzle(d1);
  const guard = sql`EXISTS (SELECT 1 FROM jobs AS own WHERE own.id = ${jobId} AND own.status = ${from})`;
  return failure ? await fail(db, jobId, failure, nowMs, guard) : await cancel(db, jobId, nowMs, guard);
}

async function cancel(
  db: DrizzleD1Database,
  jobId: string,
  nowMs: number,
  guard: SQL,
): Promise<Cancellation> {
  const [, running, , , , [ended]] = await db.batch([
    ...cancelRest(db, jobId, nowMs, guard),
    // The files of a cancelled job go, so nothing may name them, and what was done is left for the sweep to remove.
    db.delete(outputs).where(and(eq(outputs.jobId, jobId), guard)),
    db.delete(outputFailures).where(and(eq(outputFailures.jobId, jobId), guard)),
    db
      .update(attempts)
      .set({ outcome: "cancelled" })
      .where(and(eq(attempts.jobId, jobId), eq(attempts.outcome, "done"), guard)),
    db
      .update(jobs)
      .set({ status: "cancelled", finishedAt: nowMs })
      .where(and(eq(jobs.id, jobId), guard))
      .returning({ id: jobs.id }),
    releaseMedia(db, jobId, hasStatus(jobId, "cancelled")),
    recordJobEvent(db, {
      type: "job.cancelled",
      where: sql`j.id = ${jobId} AND j.status = 'cancelled' AND j.finished_at = ${nowMs}`,
      cause: sql`j.run`,
      nowMs,
    }),
    ...settleBatch(db, batchOf(jobId), nowMs),
  ]);
  return ended ? { ended: true, status: "cancelled", running } : { ended: false };
}

async function fail(
  db: DrizzleD1Database,
  jobId: string,
  failure: FailureRecord,
  nowMs: number,
  guard: SQL,
): Promise<Cancellation> {
  const endedNow = sql`EXISTS (SELECT 1 FROM jobs AS own WHERE own.id = ${jobId} AND own.finished_at = ${nowMs})`;
  const [, running, , , [ended]] = await db.batch([
    ...cancelRest(db, jobId, nowMs, guard),
    recordLostOutputs(db, jobId, failure, nowMs, guard),
    settleJob(db, jobId, sql`${JSON.stringify(failure)}`, nowMs, guard),
    db
      .select({ status: jobs.status })
      .from(jobs)
      .where(and(eq(jobs.id, jobId), eq(jobs.finishedAt, nowMs))),
    releaseMedia(db, jobId, endedNow),
    ...recordEnd(db, jobId, nowMs, sql`1`),
    ...settleBatch(db, batchOf(jobId), nowMs),
  ]);
  const status = ended?.status;
  return status === "failed" || status === "completed" ? { ended: true, status, running } : { ended: false };
}

function hasStatus(jobId: string, status: JobStatus): SQL {
  return sql`EXISTS (SELECT 1 FROM jobs AS own WHERE own.id = ${jobId} AND own.status = ${status})`;
}

/**
 * Removes every row of an ended job but its dead letter, which is closed if it was open: there is nothing left to
 * requeue. Its files go first, so that a crash in between leaves the rows to retry from.
 *
 * @returns `false` when the job has not ended, as after a retry: nothing changes
 */
export async function deleteJob(d1: D1Database, jobId: string, nowMs: number): Promise<boolean> {
  const db = drizzle(d1);
  const ofJob = sql`task_id IN (SELECT id FROM tasks WHERE job_id = ${jobId})`;
  const hasEnded = sql`NOT EXISTS (SELECT 1 FROM jobs AS living
    WHERE living.id = ${jobId} AND living.status IN ('pending', 'processing'))`;
  const [living] = await db.batch([
    db
      .select({ id: jobs.id })
      .from(jobs)
      .where(and(eq(jobs.id, jobId), sql`NOT ${hasEnded}`)),
    db.delete(outputs).where(and(eq(outputs.jobId, jobId), hasEnded)),
    db.delete(outputFailures).where(and(eq(outputFailures.jobId, jobId), hasEnded)),
    db.delete(jobRuns).where(and(eq(jobRuns.jobId, jobId), hasEnded)),
    db.delete(taskDependencies).where(and(ofJob, hasEnded)),
    db.delete(attempts).where(and(eq(attempts.jobId, jobId), hasEnded)),
    db.delete(tasks).where(and(eq(tasks.jobId, jobId), hasEnded)),
    // Media that was never fetched is nothing without the job that was to fetch it.
    db
      .delete(media)
      .where(
        and(
          eq(media.kind, "unknown"),
          sql`id = (SELECT own.media_id FROM jobs AS own WHERE own.id = ${jobId})`,
          hasEnded,
        ),
      ),
    db.delete(jobs).where(and(eq(jobs.id, jobId), hasEnded)),
    db
      .update(deadLetters)
      .set({ resolution: "cancelled", resolvedAt: nowMs })
      .where(and(eq(deadLetters.jobId, jobId), sql`${deadLetters.resolution} IS NULL`, hasEnded)),
  ]);
  return living.length === 0;
}
