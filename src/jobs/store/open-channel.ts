/**
 * Which jobs have a progress channel. A job that is done in a moment is not given one before somebody wants to hear of
 * it: the flag is in D1, where the batch that ends a task reads it, so that whoever asked before is told of the end, and
 * whoever asks later finds it.
 */
import { eq, type SQL, sql } from "drizzle-orm";
import { type DrizzleD1Database, drizzle } from "drizzle-orm/d1";
import { jobs } from "../../schema/jobs.ts";
import { tasks } from "../../schema/tasks.ts";
import type { JobRow, TaskRow } from "../claimed-task.ts";

/**
 * The statement that gives new jobs a channel whose owner follows a feed, or has an endpoint that wants to hear of
 * progress; it returns those. `jobIds` is a list in parentheses, or a query.
 */
export function openToListeners(db: DrizzleD1Database, jobIds: SQL) {
  return db
    .update(jobs)
    .set({ hasChannel: true })
    .where(
      sql`jobs.id IN ${jobIds} AND NOT jobs.has_channel AND (
        EXISTS (SELECT 1 FROM feed_followers AS f WHERE f.owner = jobs.owner)
        OR EXISTS (SELECT 1 FROM webhook_endpoints AS w WHERE w.owner = jobs.owner AND w.enabled
          AND EXISTS (SELECT 1 FROM json_each(w.events) WHERE value IN ('*', 'job.progress'))))`,
    )
    .returning({ id: jobs.id });
}

/** From now on the channel of a job is told of it; how the job stands then. Undefined when there is no such job. */
export async function openChannel(
  d1: D1Database,
  jobId: string,
): Promise<{ job: JobRow; tasks: TaskRow[] } | undefined> {
  const db = drizzle(d1);
  const [, [job], ofJob] = await db.batch([
    db.update(jobs).set({ hasChannel: true }).where(sql`id = ${jobId} AND NOT has_channel`),
    db.select().from(jobs).where(eq(jobs.id, jobId)),
    db.select().from(tasks).where(eq(tasks.jobId, jobId)).orderBy(tasks.id),
  ]);
  return job && { job, tasks: ofJob };
}
