import { and, asc, count, eq, isNull, lt, lte, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { jobs } from "../../schema/jobs.ts";
import { type AttemptOutcome, attempts, type Lane, tasks } from "../../schema/tasks.ts";
import type { AttemptRow, JobRow, Lease, TaskRow } from "../claimed-task.ts";
import { isLeasedWith } from "./lease-guard.ts";

/** Leased tasks whose lease ran out: nobody renews them any more. */
export async function findExpiredLeases(d1: D1Database, nowMs: number, limit: number): Promise<TaskRow[]> {
  return await drizzle(d1)
    .select()
    .from(tasks)
    .where(and(sql`${tasks.state} = 'leased'`, lt(tasks.leaseUntil, nowMs)))
    .orderBy(asc(tasks.leaseUntil))
    .limit(limit);
}

/** How many tasks of each lane could be claimed now. */
export async function countReadyTasks(
  d1: D1Database,
  nowMs: number,
): Promise<{ lane: Lane; ready: number }[]> {
  return await drizzle(d1)
    .select({ lane: tasks.lane, ready: count() })
    .from(tasks)
    .where(and(sql`${tasks.state} = 'ready'`, lte(tasks.availableAt, nowMs)))
    .groupBy(tasks.lane);
}

/** Jobs that are past their deadline and have not ended. */
export async function findOverdueJobs(d1: D1Database, nowMs: number, limit: number): Promise<JobRow[]> {
  return await drizzle(d1)
    .select()
    .from(jobs)
    .where(and(sql`${jobs.status} IN ('pending', 'processing')`, lt(jobs.deadlineAt, nowMs)))
    .limit(limit);
}

/** Attempts that came to nothing and whose files may still lie in R2. */
export async function findUnsweptAttempts(
  d1: D1Database,
  endedBeforeMs: number,
  limit: number,
): Promise<AttemptRow[]> {
  return await drizzle(d1)
    .select()
    .from(attempts)
    .where(
      and(
        isNull(attempts.sweptAt),
        sql`${attempts.outcome} IN ('failed', 'lost', 'cancelled')`,
        lt(attempts.finishedAt, endedBeforeMs),
      ),
    )
    .orderBy(attempts.finishedAt)
    .limit(limit);
}

/** Notes that the files of attempts are gone: one statement, however many they are. */
export async function markSwept(
  d1: D1Database,
  swept: readonly Pick<AttemptRow, "taskId" | "number">[],
  nowMs: number,
): Promise<void> {
  const keys = JSON.stringify(swept.map(({ taskId, number }) => [taskId, number]));
  await drizzle(d1)
    .update(attempts)
    .set({ sweptAt: nowMs })
    .where(sql`(task_id, number) IN (SELECT value ->> 0, value ->> 1 FROM json_each(${keys}))`);
}

/** How an attempt ended, as D1 has it; undefined when its job is gone. */
export async function readAttemptOutcome(d1: D1Database, lease: Lease): Promise<AttemptOutcome | undefined> {
  const [row] = await drizzle(d1)
    .select({ outcome: attempts.outcome })
    .from(attempts)
    .where(and(eq(attempts.taskId, lease.taskId), eq(attempts.number, lease.attempt)));
  return row?.outcome;
}

/** A task as whoever holds `token` sees it, with its job; undefined when the lease is not theirs any more. */
export async function readLeased(
  d1: D1Database,
  taskId: string,
  token: string,
): Promise<{ task: TaskRow; job: JobRow; lease: Lease } | undefined> {
  const [row] = await drizzle(d1)
    .select({ task: tasks, job: jobs })
    .from(tasks)
    .innerJoin(jobs, eq(jobs.id, tasks.jobId))
    .where(isLeasedWith(taskId, token));
  if (!row) return undefined;
  const { task } = row;
  const lease = {
    taskId,
    jobId: task.jobId,
    token,
    attempt: task.attempt,
    untilMs: task.leaseUntil ?? 0,
    workerId: task.workerId ?? "",
  };
  return { ...row, lease };
}
