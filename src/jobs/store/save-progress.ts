import { and, eq, inArray, lte, type SQL, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { recordJobEvent } from "../../outbox.ts";
import { jobs } from "../../schema/jobs.ts";
import { DEFAULT_PROGRESS_STEP } from "../../schema/webhooks.ts";

/** How far a run of a job is. */
export interface Advance {
  jobId: string;
  run: number;
  /** 0–100. */
  percentage: number;
  stage: string | null;
}

/**
 * Keeps how far a job is, or was when it failed or was cancelled: for lists, for webhooks, and for a live channel that
 * lost what it knew. It never moves backward within a run. One batch:
 *
 * 1. `job.progress` is written where the advance passes a milestone of somebody who listens, reckoned from what D1
 *    knew before, so that a milestone is told once in a run, whoever reports it however often;
 * 2. the job's row is raised to it (zero rows: it is further, completed, or in another run; then 1 wrote nothing).
 *
 * @returns whether a milestone was written down, and is to be sent on its way
 */
export async function saveProgress(d1: D1Database, advance: Advance, nowMs: number): Promise<boolean> {
  const { jobId, run, percentage, stage } = advance;
  const db = drizzle(d1);
  const [told] = await db.batch([
    recordJobEvent(db, {
      type: "job.progress",
      where: sql`j.id = ${jobId} AND j.run = ${run} AND j.status = 'processing' AND ${passesMilestone(percentage)}`,
      cause: sql`${`${run}@${percentage}`}`,
      detail: sql`json_object('before', j.progress_percentage, 'progress_percentage', ${percentage},
        'current_stage', ${stage})`,
      nowMs,
    }),
    db
      .update(jobs)
      .set({ progressPercentage: percentage, currentStage: stage })
      .where(
        and(
          eq(jobs.id, jobId),
          eq(jobs.run, run),
          inArray(jobs.status, ["processing", "failed", "cancelled"]),
          lte(jobs.progressPercentage, percentage),
        ),
      ),
  ]);
  return told.length > 0;
}

/** For a job `j`: a multiple of a listener's step lies between its percentage and this one, which is short of the end. */
function passesMilestone(percentage: number): SQL {
  const passes = (step: SQL) =>
    sql`CAST(${percentage} / ${step} AS INTEGER) > CAST(j.progress_percentage / ${step} AS INTEGER)`;
  return sql`${percentage} < 100 AND j.progress_percentage < ${percentage}
    AND ((j.webhook_url IS NOT NULL AND ${passes(sql`(${DEFAULT_PROGRESS_STEP} * 1.0)`)})
      OR EXISTS (SELECT 1 FROM webhook_endpoints AS l WHERE l.owner = j.owner AND l.enabled
        AND ${passes(sql`(l.progress_step * 1.0)`)}
        AND EXISTS (SELECT 1 FROM json_each(l.events) WHERE value IN ('*', 'job.progress'))))`;
}
