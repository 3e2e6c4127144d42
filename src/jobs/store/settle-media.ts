/** What becomes of media whose examination ended with its job. */
import { and, eq, type SQL, sql } from "drizzle-orm";
import type { DrizzleD1Database } from "drizzle-orm/d1";
import { recordMediaRejected } from "../../outbox.ts";
import type { FailureRecord } from "../../schema/failures.ts";
import { media } from "../../schema/media.ts";
import type { Lease } from "../claimed-task.ts";

/**
 * The statements that reject media which its fetching or its probe proved to be bad, and tell of it; for any other failure they
 * change nothing.
 */
export function rejectMedia(
  db: DrizzleD1Database,
  lease: Lease,
  failure: FailureRecord,
  nowMs: number,
  guard: SQL,
) {
  const isProof = sql`${failure.class} = 'input' AND ${guard}
    AND EXISTS (SELECT 1 FROM tasks AS p WHERE p.id = ${lease.taskId} AND p.kind IN ('probe', 'fetch'))`;
  const { code, class: failureClass, message } = failure;
  const rejection = JSON.stringify({ code, class: failureClass, message });
  return [
    db
      .update(media)
      .set({ status: "rejected", metadata: sql`json_set(metadata, '$.rejection', json(${rejection}))` })
      .where(and(sql`media.status IN ('processing', 'incoming')`, isMediaOf(lease.jobId), isProof)),
    recordMediaRejected(db, lease.jobId, isProof, nowMs),
  ] as const;
}

/** The statement that gives media back which no probe will examine any more: `processing → incoming`. */
export function releaseMedia(db: DrizzleD1Database, jobId: string, guard: SQL) {
  return releaseMediaOf(db, sql`(${jobId})`, guard);
}

/** As {@link releaseMedia}, of several jobs: `jobIds` is a list in parentheses, or a query. */
export function releaseMediaOf(db: DrizzleD1Database, jobIds: SQL, guard: SQL) {
  const isExamined = sql`EXISTS (SELECT 1 FROM jobs AS j JOIN tasks AS t ON t.job_id = j.id
    WHERE j.media_id = media.id AND t.kind = 'probe' AND t.state IN ('blocked', 'ready', 'leased'))`;
  return db
    .update(media)
    .set({ status: "incoming" })
    .where(
      and(
        eq(media.status, "processing"),
        sql`media.id IN (SELECT own.media_id FROM jobs AS own WHERE own.id IN ${jobIds})`,
        sql`NOT ${isExamined}`,
        guard,
      ),
    );
}

/** The statement that takes media up again for a job that has a probe to run. */
export function examineMedia(db: DrizzleD1Database, jobId: string, guard: SQL) {
  const willExamine = sql`EXISTS (SELECT 1 FROM tasks AS t WHERE t.job_id = ${jobId} AND t.kind = 'probe'
    AND t.state IN ('blocked', 'ready'))`;
  return db
    .update(media)
    .set({ status: "processing" })
    .where(and(sql`media.status IN ('incoming', 'rejected')`, isMediaOf(jobId), willExamine, guard));
}

function isMediaOf(jobId: string): SQL {
  return sql`media.id = (SELECT own.media_id FROM jobs AS own WHERE own.id = ${jobId})`;
}
