import { type SQL, sql } from "drizzle-orm";
import { type DrizzleD1Database, drizzle } from "drizzle-orm/d1";
import { recordBatchEnd, recordBatchProgress } from "../../outbox.ts";
import { batches } from "../../schema/jobs.ts";

/** The batch of a job, as an expression: NULL for a job that was submitted alone. */
export function batchOf(jobId: string): SQL {
  return sql`(SELECT own_job.batch_id FROM jobs AS own_job WHERE own_job.id = ${jobId})`;
}

/**
 * The last statements of every batch in which a job may end: when no job of its batch is left, the batch ends too, and
 * `batch.completed` or `batch.failed` is written with it; else perhaps `batch.progress`. Zero rows in the first: the
 * batch has ended before, or jobs of it are left, or there is none.
 *
 * @param batchId an expression, such as {@link batchOf}
 */
export function settleBatch(db: DrizzleD1Database, batchId: SQL, nowMs: number) {
  return [
    db
      .update(batches)
      .set({ finishedAt: nowMs, status: BATCH_END })
      .where(sql`id = ${batchId} AND finished_at IS NULL AND NOT EXISTS (${jobsLeft})`),
    recordBatchEnd(db, batchId, nowMs),
    recordBatchProgress(db, batchId, nowMs),
  ] as const;
}

/** The statement that opens an ended batch again, of which a job is tried once more; it will end once more. */
export function reopenBatch(db: DrizzleD1Database, jobId: string, guard: SQL) {
  return db
    .update(batches)
    .set({ finishedAt: null, status: null, run: sql`run + (finished_at IS NOT NULL)` })
    .where(sql`id = ${batchOf(jobId)} AND ${guard}`);
}

/**
 * For the sweep: ends the batches that are open though no job of theirs is left to end them.
 *
 * @returns the ids of those
 */
export async function settleStuckBatches(d1: D1Database, nowMs: number, limit: number): Promise<string[]> {
  const db = drizzle(d1);
  const stuck = await db
    .select({ id: batches.id })
    .from(batches)
    .where(sql`finished_at IS NULL AND NOT EXISTS (${jobsLeft})`)
    .limit(limit);
  for (const { id } of stuck) await db.batch(settleBatch(db, sql`${id}`, nowMs));
  return stuck.map(({ id }) => id);
}

const jobsLeft = sql`SELECT 1 FROM jobs AS j WHERE j.batch_id = ${batches.id} AND j.status IN ('pending', 'processing')`;

/** How a batch ended whose jobs all have; one whose jobs were all removed counts as cancelled. */
const BATCH_END = sql`(SELECT CASE
    WHEN total(j.status IN ('completed', 'failed')) = 0 THEN 'cancelled'
    WHEN total(j.status = 'completed') = count(*) THEN 'completed'
    WHEN total(j.status = 'completed') = 0 THEN 'failed'
    WHEN batches.on_item_failure = 'fail_fast' AND total(j.status = 'failed') > 0 THEN 'failed'
    ELSE 'partial' END
  FROM jobs AS j WHERE j.batch_id = batches.id)`;
