import { and, eq, inArray, isNull, type SQL, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { newId } from "../../id.ts";
import { recordJobEvent } from "../../outbox.ts";
import { batches, jobs } from "../../schema/jobs.ts";
import { outputFailures, outputs } from "../../schema/outputs.ts";
import { attempts, tasks } from "../../schema/tasks.ts";
import { settleBatch } from "./settle-batch.ts";
import { releaseMediaOf } from "./settle-media.ts";

/**
 * Cancels the jobs of a batch that have not started, in one transaction: `pending → cancelled`, with their tasks, an
 * event for each, and the end of the batch when none is left.
 *
 * @param condition must hold at that moment for any to be cancelled
 * @returns the ids of those that were
 */
export async function cancelPending(
  d1: D1Database,
  batchId: string,
  nowMs: number,
  condition: SQL = sql`1`,
): Promise<string[]> {
  const db = drizzle(d1);
  const waiting = await db
    .select({ id: jobs.id })
    .from(jobs)
    .where(and(eq(jobs.batchId, batchId), eq(jobs.status, "pending")));
  if (waiting.length === 0) return [];
  const eventIds = JSON.stringify(Object.fromEntries(waiting.map(({ id }) => [id, newId("event", nowMs)])));
  const candidates = sql`(SELECT key FROM json_each(${eventIds}))`;
  const cancelledNow = sql`SELECT c.id FROM jobs AS c WHERE c.id IN ${candidates} AND c.status = 'cancelled' AND c.finished_at = ${nowMs}`;
  const [cancelled] = await db.batch([
    db
      .update(jobs)
      .set({ status: "cancelled", finishedAt: nowMs })
      .where(and(sql`id IN ${candidates}`, eq(jobs.status, "pending"), condition))
      .returning({ id: jobs.id }),
    db
      .update(tasks)
      .set({ state: "cancelled", finishedAt: nowMs })
      .where(and(sql`job_id IN (${cancelledNow})`, inArray(tasks.state, ["blocked", "ready"]))),
    // Another run than the first has results of the ones before: nothing may name them, and the sweep removes them.
    db.delete(outputs).where(sql`job_id IN (${cancelledNow})`),
    db.delete(outputFailures).where(sql`job_id IN (${cancelledNow})`),
    db
      .update(attempts)
      .set({ outcome: "cancelled" })
      .where(and(sql`job_id IN (${cancelledNow})`, eq(attempts.outcome, "done"))),
    recordJobEvent(db, {
      type: "job.cancelled",
      where: sql`j.id IN (${cancelledNow})`,
      cause: sql`j.run`,
      eventId: sql`json_extract(${eventIds}, '$.' || j.id)`,
      nowMs,
    }),
    releaseMediaOf(db, sql`(${cancelledNow})`, sql`1`),
    ...settleBatch(db, sql`${batchId}`, nowMs),
  ]);
  return cancelled.map((job) => job.id);
}

/**
 * As a condition on `jobs`: its batch may not outlive the failure of a job, and one has failed since this one was
 * accepted or last retried. Who retries a job of such a batch knows what failed before.
 */
export function isHalted(batchId: string): SQL {
  return sql`EXISTS (SELECT 1 FROM batches AS b JOIN jobs AS f ON f.batch_id = b.id
    WHERE b.id = ${batchId} AND b.on_item_failure = 'fail_fast' AND ${hasFailedSince(sql`jobs.id`)})`;
}

/** Of a job `f`: it has failed, and not before the other one began its present run. */
function hasFailedSince(jobId: SQL): SQL {
  return sql`(f.status = 'failed' AND f.finished_at >
    coalesce((SELECT max(r.retried_at) FROM job_runs AS r WHERE r.job_id = ${jobId}), 0))`;
}

/** Batches in which a job has failed that may not, and others still wait to start. */
export async function findHaltedBatches(d1: D1Database, limit: number): Promise<string[]> {
  const isWaiting = sql`EXISTS (SELECT 1 FROM jobs AS j JOIN jobs AS f ON f.batch_id = j.batch_id
    WHERE j.batch_id = ${batches.id} AND j.status = 'pending' AND ${hasFailedSince(sql`j.id`)})`;
  const found = await drizzle(d1)
    .select({ id: batches.id })
    .from(batches)
    .where(and(isNull(batches.finishedAt), sql`${batches.onItemFailure} = 'fail_fast'`, isWaiting))
    .limit(limit);
  return found.map((batch) => batch.id);
}

/** Removes the row of an ended batch, when none of its jobs is left. */
export async function deleteBatch(d1: D1Database, batchId: string): Promise<void> {
  await drizzle(d1)
    .delete(batches)
    .where(
      and(eq(batches.id, batchId), sql`NOT EXISTS (SELECT 1 FROM jobs AS j WHERE j.batch_id = ${batchId})`),
    );
}
