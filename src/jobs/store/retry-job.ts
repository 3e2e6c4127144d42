import { and, eq, inArray, type SQL, sql } from "drizzle-orm";
import { type DrizzleD1Database, drizzle } from "drizzle-orm/d1";
import { LIMITS } from "../../config.ts";
import { recordJobEvent } from "../../outbox.ts";
import { deadLetters } from "../../schema/failures.ts";
import { jobRuns, jobs } from "../../schema/jobs.ts";
import { outputFailures } from "../../schema/outputs.ts";
import { type Lane, tasks } from "../../schema/tasks.ts";
import { PRIORITY_POINTS } from "../priority.ts";
import { unblock } from "./finish-task.ts";
import { reopenBatch } from "./settle-batch.ts";
import { examineMedia } from "./settle-media.ts";

export type Retry =
  /** The job is `pending` again, in its next run; send these lanes tickets. */
  | { retried: true; run: number; readyLanes: Lane[] }
  /** It is not failed nor partly failed, or its original or its history is gone: nothing changed. */
  | { retried: false };

/**
 * Begins another run of a job that failed or completed with outputs missing: `failed | completed → pending`, in one
 * batch. It goes on from the last finished task, and what was made stays.
 *
 * 1. the run that ended is written down (zero rows: the job cannot be retried, and nothing below changes anything);
 * 2. failed and cancelled tasks, those that made only some of their outputs, and deliveries of what was not made, turn
 *    `blocked` with a fresh retry budget; their attempts count on. The ones that wait for nothing turn `ready`, at the end of their priority's line;
 * 3. the record of lost outputs is cleared, the media is examined again if a probe is to run, the dead letter is
 *    resolved as `reprocessed`;
 * 4. the job is `pending` in its next run with a new deadline, and `job.retry` is written; its batch is open again.
 *
 * Between 1 and 4 the job's present run has a row, and never else: that is the guard, so two retries at once are one.
 */
export async function retryJob(d1: D1Database, jobId: string, nowMs: number): Promise<Retry> {
  const db = drizzle(d1);
  const guard = sql`EXISTS (SELECT 1 FROM job_runs AS r JOIN jobs AS own ON own.id = r.job_id
    WHERE r.job_id = ${jobId} AND r.number = own.run)`;
  const [, , readied, , , , [job]] = await db.batch([
    keepRun(db, jobId, nowMs),
    reopenTasks(db, jobId, nowMs, guard),
    unblock(db, jobId, guard, nowMs),
    db.delete(outputFailures).where(and(eq(outputFailures.jobId, jobId), guard)),
    examineMedia(db, jobId, guard),
    db
      .update(deadLetters)
      .set({ resolution: "reprocessed", resolvedAt: nowMs })
      .where(and(eq(deadLetters.jobId, jobId), guard)),
    beginRun(db, jobId, nowMs, guard),
    recordJobEvent(db, {
      type: "job.retry",
      where: sql`j.id = ${jobId} AND j.status = 'pending' AND j.run > 1`,
      cause: sql`'run.' || j.run`,
      detail: endBefore(jobId),
      nowMs,
    }),
    reopenBatch(
      db,
      jobId,
      sql`EXISTS (SELECT 1 FROM jobs AS j WHERE j.id = ${jobId} AND j.status = 'pending')`,
    ),
  ]);
  if (!job) return { retried: false };
  return { retried: true, run: job.run, readyLanes: readied.map((task) => task.lane) };
}

/** What the run before ended with: its failure, or the first output that it lost. Private words stay here. */
function endBefore(jobId: string): SQL {
  const failure = sql`coalesce(r.error, json_extract(r.outputs_failed, '$[0].failure'))`;
  return sql`(SELECT json_object('failure', json(json_remove(${failure}, '$.detail')))
    FROM job_runs AS r WHERE r.job_id = ${jobId} ORDER BY r.number DESC LIMIT 1)`;
}

function keepRun(db: DrizzleD1Database, jobId: string, nowMs: number) {
  return db.insert(jobRuns).select(
    sql`SELECT j.id, j.run, j.status, j.error,
      (SELECT json_group_array(json_object('name', f.name, 'taskId', f.task_id, 'failure', json(f.failure),
        'at', f.created_at)) FROM output_failures AS f WHERE f.job_id = j.id),
      j.started_at, j.finished_at, ${nowMs}
    FROM jobs AS j WHERE j.id = ${jobId} AND j.history_removed_at IS NULL AND (j.status = 'failed' OR (j.status = 'completed' AND ${isPartial}))
      AND EXISTS (SELECT 1 FROM media AS m WHERE m.id = j.media_id AND m.status <> 'deleted')`,
  );
}

/** Of a completed job `j`: something is missing. */
const isPartial = sql`(EXISTS (SELECT 1 FROM output_failures AS f WHERE f.job_id = j.id)
  OR EXISTS (SELECT 1 FROM tasks AS t WHERE t.job_id = j.id AND t.state IN ('failed', 'cancelled')))`;

function reopenTasks(db: DrizzleD1Database, jobId: string, nowMs: number, guard: SQL) {
  const hasLost = sql`(tasks.id IN (SELECT f.task_id FROM output_failures AS f WHERE f.job_id = ${jobId})
    OR (tasks.kind = 'ship' AND json_extract(tasks.spec, '$.output') IN
      (SELECT f.name FROM output_failures AS f WHERE f.job_id = ${jobId})))`;
  return db
    .update(tasks)
    .set({
      state: "blocked",
      rank: rankOfRetry(jobId, nowMs),
      countedFailures: 0,
      systemFailures: 0,
      leaseToken: null,
      leaseUntil: null,
      workerId: null,
      // How far a delivery came still holds, unless its output is made anew, which it notices.
      result: sql`CASE tasks.kind WHEN 'ship' THEN tasks.result END`,
      finishedAt: null,
    })
    .where(
      and(
        eq(tasks.jobId, jobId),
        sql`(${inArray(tasks.state, ["failed", "cancelled"])} OR ${hasLost})`,
        guard,
      ),
    );
}

/** As `rankOf`, from the moment of the retry: what failed long ago must not overtake what was accepted since. */
function rankOfRetry(jobId: string, nowMs: number): SQL<number> {
  const points = sql.join(
    Object.entries(PRIORITY_POINTS).map(([priority, each]) => sql`WHEN ${priority} THEN ${each}`),
    sql` `,
  );
  return sql`${nowMs} - ${LIMITS.headStartMs} *
    (SELECT CASE own.priority ${points} ELSE 0 END FROM jobs AS own WHERE own.id = ${jobId})`;
}

function beginRun(db: DrizzleD1Database, jobId: string, nowMs: number, guard: SQL) {
  return db
    .update(jobs)
    .set({
      status: "pending",
      run: sql`jobs.run + 1`,
      error: null,
      progressPercentage: 0,
      currentStage: null,
      startedAt: null,
      finishedAt: null,
      deadlineAt: nowMs + LIMITS.jobDeadlineMs,
    })
    .where(and(eq(jobs.id, jobId), guard))
    .returning({ run: jobs.run });
}
