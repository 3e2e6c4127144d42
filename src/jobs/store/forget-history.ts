/** What is kept of an ended job, and what goes after a while: days of it would be most of the database. */
import { and, inArray, isNotNull, type SQL, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { newId } from "../../id.ts";
import { jobRuns, jobs } from "../../schema/jobs.ts";
import { media } from "../../schema/media.ts";
import { outputFailures } from "../../schema/outputs.ts";
import { attempts, taskDependencies, tasks } from "../../schema/tasks.ts";

/** Ends before these times, Unix milliseconds, are forgotten. */
export interface HistoryEnds {
  /** Of jobs that were completed or cancelled. */
  endedBeforeMs: number;
  failedBeforeMs: number;
  /** Of those that failed and whose dead letter nobody has dealt with: it can be requeued as long as the history is there. */
  openBeforeMs: number;
}

/** A finished attempt whose files none of the job's outputs is made of. */
export interface UnusedAttempt {
  jobId: string;
  taskId: string;
  number: number;
}

const IS_OPEN = sql`finished_at IS NOT NULL AND coalesce(history_removed_at, 0) = 0`;

/**
 * Chooses jobs whose history is to go: `history_removed_at` turns 0, and from then on they cannot be retried. Those that an
 * earlier call left so are chosen again. Jobs with files of lost attempts wait until these are swept.
 */
export async function closeHistories(d1: D1Database, ends: HistoryEnds, limit: number): Promise<string[]> {
  const db = drizzle(d1);
  const due = db
    .select({ id: jobs.id })
    .from(jobs)
    .where(
      sql`${IS_OPEN} AND finished_at < CASE status WHEN 'failed' THEN ${ends.failedBeforeMs} ELSE ${ends.endedBeforeMs} END
        AND finished_at < ${Math.max(ends.endedBeforeMs, ends.failedBeforeMs)}
        AND (history_removed_at = 0 OR finished_at < ${ends.openBeforeMs} OR NOT EXISTS (SELECT 1 FROM dead_letters AS l
          WHERE l.job_id = jobs.id AND l.resolution IS NULL))
        AND NOT EXISTS (SELECT 1 FROM attempts AS a WHERE a.job_id = jobs.id AND a.swept_at IS NULL
          AND a.outcome IN ('failed', 'lost', 'cancelled'))`,
    )
    .orderBy(jobs.finishedAt)
    .limit(limit);
  const closed = await db
    .update(jobs)
    .set({ historyRemovedAt: 0 })
    .where(inArray(jobs.id, due))
    .returning({ id: jobs.id });
  return closed.map(({ id }) => id);
}

/** Of jobs whose history goes: what only a retry would have built upon. Nobody can reach it any more. */
export async function findUnusedAttempts(
  d1: D1Database,
  jobIds: readonly string[],
): Promise<UnusedAttempt[]> {
  return await drizzle(d1).all<UnusedAttempt>(
    sql`SELECT a.job_id AS jobId, a.task_id AS taskId, a.number AS number
      FROM attempts AS a WHERE a.job_id IN ${listed(jobIds)} AND a.outcome = 'done'
        AND NOT EXISTS (SELECT 1 FROM outputs AS o WHERE o.job_id = a.job_id
          AND (substr(o.object_key, 1, length(${FOLDER}) + 1) = ${FOLDER} || '/'
            OR EXISTS (SELECT 1 FROM json_each(o.tree) AS t WHERE t.value = a.task_id || '.' || a.number)))`,
  );
}

const FOLDER = sql`'outputs/' || a.job_id || '/' || a.task_id || '.' || a.number`;

/**
 * Forgets tasks, attempts and runs of jobs that {@link closeHistories} chose, in one batch. A job stays as one row while
 * something hangs off it: its outputs, which are found through it, or the batch that counts it. Any other goes whole. Its
 * dead letter tells by itself what was asked for and how it failed, and has a time of its own.
 *
 * @returns how many of them went whole
 */
export async function forgetHistories(
  d1: D1Database,
  jobIds: readonly string[],
  nowMs: number,
): Promise<number> {
  const db = drizzle(d1);
  const chosen = listed(jobIds);
  const isBare = sql`batch_id IS NULL AND NOT EXISTS (SELECT 1 FROM outputs AS o WHERE o.job_id = jobs.id)`;
  const bare = db
    .select({ id: jobs.id })
    .from(jobs)
    .where(and(sql`id IN ${chosen}`, isBare));
  const results = await db.batch([
    db
      .delete(taskDependencies)
      .where(sql`task_id IN (SELECT t.id FROM tasks AS t WHERE t.job_id IN ${chosen})`),
    db.delete(attempts).where(sql`job_id IN ${chosen}`),
    db.delete(tasks).where(sql`job_id IN ${chosen}`),
    db.delete(jobRuns).where(sql`job_id IN ${chosen}`),
    db.delete(outputFailures).where(inArray(outputFailures.jobId, bare)),
    // Media that was never fetched is nothing without the job that was to fetch it.
    db
      .delete(media)
      .where(
        sql`kind = 'unknown' AND id IN (SELECT jobs.media_id FROM jobs WHERE jobs.id IN ${chosen} AND ${isBare})`,
      ),
    db.delete(jobs).where(inArray(jobs.id, bare)).returning({ id: jobs.id }),
    db
      .update(jobs)
      .set({ historyRemovedAt: nowMs, estimate: null })
      .where(and(sql`id IN ${chosen}`, isNotNull(jobs.historyRemovedAt))),
  ]);
  return results[6].length;
}

/** Jobs with outputs that ended before a time, some of them, oldest first. */
export async function findOutlived(d1: D1Database, endedBeforeMs: number, limit: number): Promise<string[]> {
  // Ids rise with time: what was accepted later need not be looked at.
  const rows = await drizzle(d1).all<{ id: string }>(
    sql`SELECT j.id AS id FROM jobs AS j WHERE j.id < ${newId("job", endedBeforeMs)} AND j.finished_at < ${endedBeforeMs}
        AND EXISTS (SELECT 1 FROM outputs AS o WHERE o.job_id = j.id) ORDER BY j.id LIMIT ${limit}`,
  );
  return rows.map(({ id }) => id);
}

function listed(ids: readonly string[]): SQL {
  return sql`(SELECT value FROM json_each(${JSON.stringify(ids)}))`;
}
