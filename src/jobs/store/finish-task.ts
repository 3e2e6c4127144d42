import { and, eq, ne, notExists, type SQL, sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import { type DrizzleD1Database, drizzle } from "drizzle-orm/d1";
import { alias } from "drizzle-orm/sqlite-core";
import { recordJobEvent } from "../../outbox.ts";
import { jobs } from "../../schema/jobs.ts";
import { outputFailures, outputs } from "../../schema/outputs.ts";
import { activity } from "../../schema/shipping.ts";
import { attempts, type Lane, taskDependencies, tasks } from "../../schema/tasks.ts";
import type { ActivityRow, Lease, OutputRow, TaskDependencyRow, TaskRow } from "../claimed-task.ts";
import { type AttemptUsage, chargeAttempt } from "./charge-attempt.ts";
import { recordDurations } from "./durations.ts";
import type { LostOutput } from "./fail-task.ts";
import { insertRows } from "./insert-rows.ts";
import { isLeasedWith } from "./lease-guard.ts";
import { runBatch } from "./run-batch.ts";
import { batchOf, settleBatch } from "./settle-batch.ts";
import { recordEnd, settleJob } from "./settle-job.ts";

/** What a finished task leaves behind; all of it becomes visible at once, or none. */
export interface FinishedTask {
  /** Kept for the tasks that depend on this one. */
  result: unknown;
  outputs: readonly OutputRow[];
  /** Tasks that only now could be planned, with what they wait for. */
  newTasks: readonly TaskRow[];
  newDependencies: readonly TaskDependencyRow[];
  notes: readonly string[];
  /** The stages that the job turns out to have, where this task found that out. */
  stages?: readonly string[] | undefined;
  /** More statements of the same batch; `guard` holds in them if the task was finished under its lease. */
  alongside?: (db: DrizzleD1Database, guard: SQL) => BatchItem<"sqlite">[];
  /** What the activity log says of it. */
  activity?: readonly ActivityRow[];
  /** Outputs that it could not make; only where the job allows partial results. */
  failedOutputs?: readonly LostOutput[];
  /** Whether the job allows partial results: others of its tasks may have failed. */
  allowPartial?: boolean;
  /** The job was submitted by itself: no batch of jobs ends with it. */
  isSingle?: boolean;
  usage?: AttemptUsage;
}

export type Finish =
  /** `jobFailed`: it was the last task, and no output was made by any. */
  | {
      accepted: true;
      readyLanes: Lane[];
      jobCompleted: boolean;
      jobFailed?: true;
      /** Its channel is to be told. */
      hasChannel: boolean;
      /** Events may have been written, and are to be sent on their way. */
      hasEvents: boolean;
    }
  /** The lease was lost: nothing changed, and the attempt's files are to be swept. */
  | { accepted: false };

/**
 * Ends a task: `leased → done`, one atomic batch in which every statement is guarded by the lease token.
 *
 * 1. the task turns `done` (zero rows: stale token, or this very call arrived before);
 * 2. outputs, newly planned tasks, their dependencies and lines of the activity log are added;
 * 3. tasks of the job whose dependencies are all done turn `blocked → ready`;
 * 4. the attempt ends;
 * 5. the job completes when no task of it is left (zero rows: some are), `job.completed` is written with it, and how
 *    long it took is remembered for estimates; a job that allows partial results is settled by what was made and
 *    what was lost (`settle-job.ts`);
 * 6. its processor time is counted, whether it was finished in time or not.
 *
 * Calling it twice with the same token changes nothing more and is accepted both times.
 */
export async function finishTask(
  d1: D1Database,
  lease: Lease,
  finished: FinishedTask,
  nowMs: number,
): Promise<Finish> {
  const db = drizzle(d1);
  const guard = finishedWith(lease);
  const unblocked = unblock(db, lease.jobId, guard, nowMs);
  const held = db
    .select({ status: jobs.status, hasChannel: jobs.hasChannel })
    .from(jobs)
    .where(and(eq(jobs.id, lease.jobId), guard));
  const completion = recordJobEvent(db, {
    type: "job.completed",
    where: sql`j.id = ${lease.jobId} AND j.status = 'completed' AND j.finished_at = ${nowMs} AND ${guard}`,
    cause: sql`j.run`,
    nowMs,
  });
  const { allowPartial = false, isSingle = false, notes, stages, usage = {} } = finished;
  const resultOf = await runBatch(db, [
    endTask(db, lease, finished.result, nowMs),
    ...addedRows(db, lease, finished, guard, nowMs),
    unblocked,
    endAttempt(db, lease, nowMs, usage.peakMemoryBytes ?? null, guard),
    (notes.length > 0 || stages !== undefined) && addToJob(db, lease.jobId, finished, guard),
    allowPartial
      ? settleJob(db, lease.jobId, firstLoss(lease.jobId), nowMs, guard)
      : completeJob(db, lease.jobId, nowMs, guard),
    held,
    ...(allowPartial ? recordEnd(db, lease.jobId, nowMs, guard) : [completion]),
    recordDurations(db, lease.jobId, nowMs, guard),
    ...(isSingle ? [] : settleBatch(db, batchOf(lease.jobId), nowMs)),
    ...(finished.alongside?.(db, guard) ?? []),
    ...chargeAttempt(db, lease, usage, nowMs),
  ]);
  const [job] = resultOf(held);
  if (!job) return { accepted: false };
  const planned = finished.newTasks.filter((task) => task.state === "ready").map((task) => task.lane);
  return {
    accepted: true,
    readyLanes: [...planned, ...resultOf(unblocked).map((task) => task.lane)],
    jobCompleted: job.status === "completed",
    ...(job.status === "failed" && { jobFailed: true as const }),
    hasChannel: job.hasChannel,
    hasEvents: allowPartial || !isSingle || resultOf(completion).length > 0,
  };
}

/** What a task leaves behind; there is no statement for what it leaves nothing of. */
function addedRows(db: DrizzleD1Database, lease: Lease, finished: FinishedTask, guard: SQL, nowMs: number) {
  const { newTasks, newDependencies, activity: lines = [] } = finished;
  const lost = failureRows(lease, finished, nowMs);
  return [
    finished.outputs.length > 0 && insertRows(db, outputs, finished.outputs, guard),
    newTasks.length > 0 && insertRows(db, tasks, newTasks, guard),
    newDependencies.length > 0 && insertRows(db, taskDependencies, newDependencies, guard),
    lost.length > 0 && insertRows(db, outputFailures, lost, guard),
    lines.length > 0 && insertRows(db, activity, lines, guard),
  ];
}

function endTask(db: DrizzleD1Database, lease: Lease, result: unknown, nowMs: number) {
  return db
    .update(tasks)
    .set({ state: "done", result, finishedAt: nowMs, leaseUntil: null })
    .where(isLeasedWith(lease.taskId, lease.token));
}

/** True once the task is done under this very token, unless its job was cancelled since, and its outputs removed. */
function finishedWith(lease: Lease): SQL {
  return sql`EXISTS (SELECT 1 FROM tasks AS own JOIN jobs AS parent ON parent.id = own.job_id
    WHERE own.id = ${lease.taskId} AND own.state = 'done' AND own.lease_token = ${lease.token} AND parent.status <> 'cancelled')`;
}

/** The statement that makes tasks of a job ready that wait for nothing any more, while `guard` holds. */
export function unblock(db: DrizzleD1Database, jobId: string, guard: SQL, nowMs: number) {
  const upstream = alias(tasks, "upstream");
  const unfinished = db
    .select({ one: sql`1` })
    .from(taskDependencies)
    .innerJoin(upstream, eq(upstream.id, taskDependencies.dependsOn))
    .where(and(eq(taskDependencies.taskId, tasks.id), ne(upstream.state, "done")));
  return db
    .update(tasks)
    .set({ state: "ready", availableAt: nowMs })
    .where(and(eq(tasks.jobId, jobId), eq(tasks.state, "blocked"), notExists(unfinished), guard))
    .returning({ lane: tasks.lane });
}

function endAttempt(
  db: DrizzleD1Database,
  lease: Lease,
  nowMs: number,
  peakMemoryBytes: number | null,
  guard: SQL,
) {
  return db
    .update(attempts)
    .set({ outcome: "done", finishedAt: nowMs, peakMemoryBytes })
    .where(
      and(
        eq(attempts.taskId, lease.taskId),
        eq(attempts.number, lease.attempt),
        eq(attempts.outcome, "running"),
        guard,
      ),
    );
}

function addToJob(
  db: DrizzleD1Database,
  jobId: string,
  { notes, stages }: Pick<FinishedTask, "notes" | "stages">,
  guard: SQL,
) {
  const merged = sql<string[]>`(SELECT json_group_array(value) FROM (
    SELECT value FROM json_each(${jobs.notes}) UNION SELECT value FROM json_each(${JSON.stringify(notes)})))`;
  return db
    .update(jobs)
    .set({ notes: merged, ...(stages && { stages: [...stages] }) })
    .where(and(eq(jobs.id, jobId), guard));
}

function failureRows(lease: Lease, { failedOutputs = [] }: FinishedTask, nowMs: number) {
  return failedOutputs.map(({ name, failure }) => ({
    jobId: lease.jobId,
    name,
    taskId: lease.taskId,
    failure,
    createdAt: nowMs,
  }));
}

/** What a job that made nothing failed with. */
function firstLoss(jobId: string): SQL {
  return sql`(SELECT f.failure FROM output_failures AS f WHERE f.job_id = ${jobId} ORDER BY f.created_at, f.name LIMIT 1)`;
}

function completeJob(db: DrizzleD1Database, jobId: string, nowMs: number, guard: SQL) {
  const left = db
    .select({ one: sql`1` })
    .from(tasks)
    .where(and(eq(tasks.jobId, jobId), ne(tasks.state, "done")));
  return db
    .update(jobs)
    .set({ status: "completed", progressPercentage: 100, currentStage: null, finishedAt: nowMs })
    .where(and(eq(jobs.id, jobId), eq(jobs.status, "processing"), notExists(left), guard));
}
