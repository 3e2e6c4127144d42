import { and, eq, inArray } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { jobs } from "../../schema/jobs.ts";
import { media } from "../../schema/media.ts";
import { taskDependencies, tasks } from "../../schema/tasks.ts";
import type { JobRow, MediaRow, TaskDependencyRow, TaskRow } from "../claimed-task.ts";

/** A job with its input and all that was planned for it so far. */
export interface PlannedRows {
  job: JobRow;
  media: MediaRow | undefined;
  /** Oldest first. */
  tasks: TaskRow[];
  dependencies: TaskDependencyRow[];
}

/** The plan of one job of this owner; undefined when there is none, or it is another's. */
export async function readPlan(
  d1: D1Database,
  owner: string,
  jobId: string,
): Promise<PlannedRows | undefined> {
  const db = drizzle(d1);
  const own = and(eq(jobs.id, jobId), eq(jobs.owner, owner));
  const [[job], [input], planned, dependencies] = await db.batch([
    db.select().from(jobs).where(own),
    db
      .select()
      .from(media)
      .where(inArray(media.id, db.select({ id: jobs.mediaId }).from(jobs).where(own))),
    db.select().from(tasks).where(eq(tasks.jobId, jobId)).orderBy(tasks.id),
    db
      .select()
      .from(taskDependencies)
      .where(
        inArray(
          taskDependencies.taskId,
          db.select({ id: tasks.id }).from(tasks).where(eq(tasks.jobId, jobId)),
        ),
      ),
  ]);
  return job && { job, media: input, tasks: planned, dependencies };
}
