import { and, count, desc, eq, gte, inArray, lt, type SQL, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { type JobStatus, jobs, type Priority } from "../../schema/jobs.ts";
import { outputFailures, outputs } from "../../schema/outputs.ts";
import { attempts, taskDependencies, tasks } from "../../schema/tasks.ts";
import type { JobRow, OutputFailureRow, OutputRow, TaskRow } from "../claimed-task.ts";

export interface JobWithOutputs {
  job: JobRow;
  outputs: OutputRow[];
  outputsFailed: OutputFailureRow[];
  /** Runs beyond the first of any task. */
  retryCount: number;
  /** Seconds, as the job's channel has it; rows do not say. */
  estimatedRemaining?: { low: number; high: number } | null;
}

/** One job of this owner with what it produced; undefined when there is none, or it is another's. */
export async function readJob(
  d1: D1Database,
  owner: string,
  jobId: string,
): Promise<JobWithOutputs | undefined> {
  const db = drizzle(d1);
  const [found, produced, lost, retries] = await db.batch([
    db
      .select()
      .from(jobs)
      .where(and(eq(jobs.id, jobId), eq(jobs.owner, owner))),
    db.select().from(outputs).where(eq(outputs.jobId, jobId)).orderBy(outputs.name),
    db.select().from(outputFailures).where(eq(outputFailures.jobId, jobId)).orderBy(outputFailures.name),
    db
      .select({ retries: count() })
      .from(attempts)
      .where(and(eq(attempts.jobId, jobId), sql`${attempts.number} > 1`)),
  ]);
  const job = found[0];
  return job && { job, outputs: produced, outputsFailed: lost, retryCount: retries[0]?.retries ?? 0 };
}

export interface JobFilter {
  status?: JobStatus;
  kind?: JobRow["kind"];
  priority?: Priority;
  batchId?: string;
  createdAfterMs?: number;
  createdBeforeMs?: number;
  /** Id of the last job of the page before. */
  cursor?: string;
  limit: number;
}

/** Jobs of an owner, newest first, with their outputs; `nextCursor` when there are more. */
export async function listJobs(
  d1: D1Database,
  owner: string,
  filter: JobFilter,
): Promise<{ jobs: JobWithOutputs[]; nextCursor: string | undefined }> {
  const db = drizzle(d1);
  const conditions: (SQL | undefined)[] = [
    eq(jobs.owner, owner),
    filter.status && eq(jobs.status, filter.status),
    filter.kind && eq(jobs.kind, filter.kind),
    filter.priority && eq(jobs.priority, filter.priority),
    filter.batchId === undefined ? undefined : eq(jobs.batchId, filter.batchId),
    filter.createdAfterMs === undefined ? undefined : gte(jobs.createdAt, filter.createdAfterMs),
    filter.createdBeforeMs === undefined ? undefined : lt(jobs.createdAt, filter.createdBeforeMs),
    filter.cursor === undefined ? undefined : lt(jobs.id, filter.cursor),
  ];
  const found = await db
    .select()
    .from(jobs)
    .where(and(...conditions))
    .orderBy(desc(jobs.id))
    .limit(filter.limit + 1);
  const page = found.slice(0, filter.limit);
  const ids = sql`(SELECT value FROM json_each(${JSON.stringify(page.map((job) => job.id))}))`;
  const [produced, lost, retries] = await db.batch([
    db.select().from(outputs).where(inArray(outputs.jobId, ids)).orderBy(outputs.name),
    db.select().from(outputFailures).where(inArray(outputFailures.jobId, ids)).orderBy(outputFailures.name),
    db
      .select({ jobId: attempts.jobId, retries: count() })
      .from(attempts)
      .where(and(inArray(attempts.jobId, ids), sql`${attempts.number} > 1`))
      .groupBy(attempts.jobId),
  ]);
  return {
    jobs: page.map((job) => ({
      job,
      outputs: produced.filter((output) => output.jobId === job.id),
      outputsFailed: lost.filter((output) => output.jobId === job.id),
      retryCount: retries.find((row) => row.jobId === job.id)?.retries ?? 0,
    })),
    nextCursor: found.length > filter.limit ? page.at(-1)?.id : undefined,
  };
}

/** One output of an owner's job, by name. */
export async function readOutput(
  d1: D1Database,
  owner: string,
  jobId: string,
  name: string,
): Promise<OutputRow | undefined> {
  const rows = await ownOutputs(d1, owner, jobId, eq(outputs.name, name));
  return rows[0];
}

/** Names of the outputs that a job has made so far. */
export async function readOutputNames(d1: D1Database, jobId: string): Promise<string[]> {
  const rows = await drizzle(d1).select({ name: outputs.name }).from(outputs).where(eq(outputs.jobId, jobId));
  return rows.map((row) => row.name);
}

/** The stream outputs of an owner's job: those that have a tree of playlists and segments. */
export async function readStreams(d1: D1Database, owner: string, jobId: string): Promise<OutputRow[]> {
  return await ownOutputs(d1, owner, jobId, sql`${outputs.tree} IS NOT NULL`);
}

async function ownOutputs(
  d1: D1Database,
  owner: string,
  jobId: string,
  condition: SQL,
): Promise<OutputRow[]> {
  const rows = await drizzle(d1)
    .select({ output: outputs })
    .from(outputs)
    .innerJoin(jobs, eq(jobs.id, outputs.jobId))
    .where(and(eq(outputs.jobId, jobId), eq(jobs.owner, owner), condition));
  return rows.map((row) => row.output);
}

/** How and when a job ended; undefined while it has not. */
export async function readEnd(
  d1: D1Database,
  jobId: string,
): Promise<{ status: "completed" | "failed" | "cancelled"; atMs: number } | undefined> {
  const [job] = await drizzle(d1)
    .select({ status: jobs.status, finishedAt: jobs.finishedAt })
    .from(jobs)
    .where(eq(jobs.id, jobId));
  if (!job || job.finishedAt === null || job.status === "pending" || job.status === "processing")
    return undefined;
  return { status: job.status, atMs: job.finishedAt };
}

/** The finished tasks that a task waited for: a later step builds on their results. */
export async function readDependencies(d1: D1Database, taskId: string): Promise<TaskRow[]> {
  const rows = await drizzle(d1)
    .select({ task: tasks })
    .from(taskDependencies)
    .innerJoin(tasks, eq(tasks.id, taskDependencies.dependsOn))
    .where(eq(taskDependencies.taskId, taskId));
  return rows.map((row) => row.task);
}

/** Every task of a job, oldest first. */
export async function readTasks(d1: D1Database, jobId: string): Promise<TaskRow[]> {
  return await drizzle(d1).select().from(tasks).where(eq(tasks.jobId, jobId)).orderBy(tasks.id);
}

/** Jobs on a media, whatever their state. */
export async function listJobsOfMedia(d1: D1Database, mediaId: string, limit: number): Promise<JobRow[]> {
  return await drizzle(d1).select().from(jobs).where(eq(jobs.mediaId, mediaId)).limit(limit);
}
