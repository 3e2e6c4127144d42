import { type SQL, sql } from "drizzle-orm";
import type { DrizzleD1Database } from "drizzle-orm/d1";
import { deadLetters } from "../../schema/failures.ts";

/**
 * The statement that keeps a failed job as a dead letter; it goes into the batch of the failure, after the attempt has
 * ended. A job that fails again after a retry has its letter brought up to date, and it is open again.
 *
 * @param where which job, as a condition on `j`; false where the job did not fail
 */
export function recordDeadLetter(db: DrizzleD1Database, where: SQL) {
  return db
    .insert(deadLetters)
    .select(
      sql`SELECT j.id, j.owner, j.media_id, j.kind, j.priority, j.output_specifications, j.request_id,
        json_extract(j.error, '$.class'), json_extract(j.error, '$.code'), j.error, ${HISTORY},
        j.run, j.created_at, j.finished_at, '', NULL, NULL
      FROM jobs AS j WHERE ${where}`,
    )
    .onConflictDoUpdate({
      target: deadLetters.jobId,
      set: {
        class: sql`excluded.class`,
        code: sql`excluded.code`,
        error: sql`excluded.error`,
        history: sql`excluded.history`,
        run: sql`excluded.run`,
        failedAt: sql`excluded.failed_at`,
        resolution: null,
        resolvedAt: null,
      },
    });
}

/** The last failed attempts of all runs; more would not tell more, and a row of D1 has an end. */
const HISTORY = sql`(SELECT json_group_array(json_object('taskId', h.task_id, 'kind', h.kind, 'number', h.number,
    'workerId', h.worker_id, 'startedAt', h.started_at, 'finishedAt', h.finished_at,
    'peakMemoryBytes', h.peak_memory_bytes, 'failure', json(h.failure)))
  FROM (SELECT a.task_id, t.kind, a.number, a.worker_id, a.started_at, a.finished_at, a.peak_memory_bytes, a.failure
    FROM attempts AS a JOIN tasks AS t ON t.id = a.task_id
    WHERE a.job_id = j.id AND a.outcome IN ('failed', 'lost')
    ORDER BY a.finished_at DESC, a.number DESC LIMIT 50) AS h)`;
