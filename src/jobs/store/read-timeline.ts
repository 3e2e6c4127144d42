import { eq, inArray } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { jobRuns } from "../../schema/jobs.ts";
import { outputFailures, outputs } from "../../schema/outputs.ts";
import { attempts, taskDependencies, tasks } from "../../schema/tasks.ts";
import type { JobRow } from "../claimed-task.ts";
import type { JobHistory } from "../timeline.ts";

/** All rows of a job, as they are at one moment. */
export async function readHistory(d1: D1Database, job: JobRow): Promise<JobHistory> {
  const db = drizzle(d1);
  const own = db.select({ id: tasks.id }).from(tasks).where(eq(tasks.jobId, job.id));
  const [runs, allTasks, dependencies, allAttempts, made, lost] = await db.batch([
    db.select().from(jobRuns).where(eq(jobRuns.jobId, job.id)).orderBy(jobRuns.number),
    db.select().from(tasks).where(eq(tasks.jobId, job.id)).orderBy(tasks.id),
    db.select().from(taskDependencies).where(inArray(taskDependencies.taskId, own)),
    db.select().from(attempts).where(eq(attempts.jobId, job.id)).orderBy(attempts.startedAt, attempts.number),
    db.select().from(outputs).where(eq(outputs.jobId, job.id)).orderBy(outputs.name),
    db.select().from(outputFailures).where(eq(outputFailures.jobId, job.id)).orderBy(outputFailures.name),
  ]);
  return {
    job,
    runs,
    tasks: allTasks,
    dependencies,
    attempts: allAttempts,
    outputs: made,
    outputFailures: lost,
  };
}
