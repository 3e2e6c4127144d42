/**
 * Content dedupe. A job holds the slot of its content by `(owner, content_hash)`, a unique index: of any number of
 * equal submissions one is inserted, and the others find it. A slot is freed by the next submission that it is too old
 * or no answer for, in the batch that takes it.
 */
import { and, eq, ne, type SQL, sql } from "drizzle-orm";
import { type DrizzleD1Database, drizzle } from "drizzle-orm/d1";
import { jobs } from "../../schema/jobs.ts";
import type { JobRow } from "../claimed-task.ts";

/** When the job that holds a slot has to make room. */
export interface SlotTerms {
  /** Jobs that were created before do not count any more, Unix milliseconds. */
  createdAfterMs: number;
  /** Whatever holds the slot makes room. */
  isForced: boolean;
}

/**
 * Takes the slot from a job that is no answer to a submission: it is too old, it failed, lost outputs or was cancelled,
 * or its media is being deleted. Zero rows: the slot is free, or rightly held.
 */
export function freeSlot(db: DrizzleD1Database, job: JobRow, terms: SlotTerms, guard: SQL) {
  const isNoAnswer = sql`(created_at <= ${terms.createdAfterMs} OR status IN ('failed', 'cancelled')
    OR EXISTS (SELECT 1 FROM output_failures AS f WHERE f.job_id = jobs.id)
    OR NOT EXISTS (SELECT 1 FROM media AS m WHERE m.id = jobs.media_id AND m.status <> 'deleted'))`;
  return db
    .update(jobs)
    .set({ contentHash: null })
    .where(
      and(
        eq(jobs.owner, job.owner),
        eq(jobs.contentHash, job.contentHash ?? ""),
        ne(jobs.id, job.id),
        terms.isForced ? sql`1` : isNoAnswer,
        guard,
      ),
    );
}

/** The job that holds a slot; undefined when nobody does. */
export async function findInSlot(
  d1: D1Database,
  owner: string,
  contentHash: string,
): Promise<JobRow | undefined> {
  return await drizzle(d1)
    .select()
    .from(jobs)
    .where(and(eq(jobs.owner, owner), eq(jobs.contentHash, contentHash)))
    .get();
}
