import { and, eq, inArray, ne, type SQL, sql } from "drizzle-orm";
import { type DrizzleD1Database, drizzle } from "drizzle-orm/d1";
import { type JobEvent, recordJobEvent } from "../../outbox.ts";
import { attempts, type FailureRecord, jobs, type Lane, tasks } from "../../schema.ts";
import type { Lease } from "../claimed-task.ts";
import type { RetryDecision } from "../retry-policy.ts";
import { isLeasedWith, taskIs } from "./lease-guard.ts";
import { batchOf, settleBatch } from "./settle-batch.ts";

export type FailureOutcome =
  /** The task is `ready` again; send its lane a ticket, delayed by `delayMs`. */
  | { applied: "retry"; lane: Lane; delayMs: number }
  /** The job failed; its other tasks were cancelled. */
  | { applied: "job_failed"; cancelled: CancelledLease[] }
  /** The lease was lost before: nothing changed. */
  | { applied: "stale" };

/** A task that ran when its job ended: whoever runs it should stop. */
export interface CancelledLease {
  taskId: string;
  attempt: number;
  workerId: string;
}

/**
 * Ends an attempt that failed, guarded by the lease token: `leased → ready` when it is to run again, `leased →
 * failed` when not, and then the job fails with it. Zero rows in the first statement: stale, nothing changes.
 */
export async function failTask(
  d1: D1Database,
  lease: Lease,
  failure: FailureRecord,
  decision: RetryDecision,
  nowMs: number,
): Promise<FailureOutcome> {
  const db = drizzle(d1);
  return decision.retry
    ? await putBack(db, lease, failure, decision, nowMs)
    : await failJob(db, lease, failure, nowMs);
}

async function putBack(
  db: DrizzleD1Database,
  lease: Lease,
  failure: FailureRecord,
  decision: Extract<RetryDecision, { retry: true }>,
  nowMs: number,
): Promise<FailureOutcome> {
  const [, , rows] = await db.batch([
    endAttempt(db, lease, failure, nowMs, taskIs("leased", lease)),
    recordJobEvent(db, retryEvent(lease, failure, decision, nowMs)),
    db
      .update(tasks)
      .set({
        state: "ready",
        availableAt: nowMs + decision.delayMs,
        leaseToken: null,
        leaseUntil: null,
        workerId: null,
        ...decision.place,
        ...costOf(decision, failure),
      })
      .where(isLeasedWith(lease.taskId, lease.token))
      .returning({ lane: tasks.lane }),
  ]);
  const task = rows[0];
  return task ? { applied: "retry", lane: task.lane, delayMs: decision.delayMs } : { applied: "stale" };
}

/** What a put-back task has spent: a run of its policy, a loss, or nothing. */
function costOf(decision: Extract<RetryDecision, { retry: true }>, failure: FailureRecord) {
  if (decision.unspent) return {};
  return decision.counted
    ? { countedFailures: sql`counted_failures + 1`, retryClass: failure.class }
    : { systemFailures: sql`system_failures + 1` };
}

function retryEvent(
  lease: Lease,
  failure: FailureRecord,
  decision: Extract<RetryDecision, { retry: true }>,
  nowMs: number,
): JobEvent {
  const { detail: _private, ...shown } = failure;
  return {
    type: "job.retry",
    where: sql`j.id = ${lease.jobId} AND ${taskIs("leased", lease)}`,
    cause: sql`${`${lease.taskId}.${lease.attempt}`}`,
    detail: { failure: shown, attempt: lease.attempt, next_attempt_at: nowMs + decision.delayMs },
    nowMs,
  };
}

async function failJob(
  db: DrizzleD1Database,
  lease: Lease,
  failure: FailureRecord,
  nowMs: number,
): Promise<FailureOutcome> {
  const guard = taskIs("failed", lease);
  const [, rows, , , cancelled] = await db.batch([
    endAttempt(db, lease, failure, nowMs, taskIs("leased", lease)),
    db
      .update(tasks)
      .set({ state: "failed", finishedAt: nowMs, leaseUntil: null })
      .where(isLeasedWith(lease.taskId, lease.token))
      .returning({ id: tasks.id }),
    db
      .update(jobs)
      .set({ status: "failed", error: failure, finishedAt: nowMs })
      .where(and(eq(jobs.id, lease.jobId), inArray(jobs.status, ["pending", "processing"]), guard)),
    ...cancelRest(db, lease.jobId, nowMs, guard),
    recordJobEvent(db, {
      type: "job.failed",
      where: sql`j.id = ${lease.jobId} AND j.status = 'failed' AND j.finished_at = ${nowMs} AND ${guard}`,
      cause: sql`j.finished_at`,
      nowMs,
    }),
    ...settleBatch(db, batchOf(lease.jobId), nowMs),
  ]);
  return rows.length === 1 ? { applied: "job_failed", cancelled } : { applied: "stale" };
}

/**
 * Cancels what a job has left while `guard` holds: ends the running attempts (returned, so that they can be
 * stopped), then its unfinished tasks.
 */
export function cancelRest(db: DrizzleD1Database, jobId: string, nowMs: number, guard: SQL) {
  return [
    db
      .update(tasks)
      .set({ state: "cancelled", finishedAt: nowMs, leaseUntil: null })
      .where(and(eq(tasks.jobId, jobId), inArray(tasks.state, ["blocked", "ready", "leased"]), guard)),
    db
      .update(attempts)
      .set({ outcome: "cancelled", finishedAt: nowMs })
      .where(and(eq(attempts.jobId, jobId), eq(attempts.outcome, "running"), guard))
      .returning({ taskId: attempts.taskId, attempt: attempts.number, workerId: attempts.workerId }),
  ] as const;
}

function endAttempt(db: DrizzleD1Database, lease: Lease, failure: FailureRecord, nowMs: number, guard: SQL) {
  return db
    .update(attempts)
    .set({ outcome: failure.class === "system" ? "lost" : "failed", failure, finishedAt: nowMs })
    .where(
      and(
        eq(attempts.taskId, lease.taskId),
        eq(attempts.number, lease.attempt),
        ne(attempts.outcome, "done"),
        guard,
      ),
    );
}
