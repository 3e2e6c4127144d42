import { and, eq, ne, sql } from "drizzle-orm";
import { type DrizzleD1Database, drizzle } from "drizzle-orm/d1";
import { type JobEvent, recordJobEvent } from "../../outbox.ts";
import type { FailureRecord } from "../../schema/failures.ts";
import { jobs } from "../../schema/jobs.ts";
import { outputFailures } from "../../schema/outputs.ts";
import { attempts, type Lane, tasks } from "../../schema/tasks.ts";
import type { Lease } from "../claimed-task.ts";
import type { RetryDecision } from "../retry-policy.ts";
import { type AttemptUsage, chargeAttempt } from "./charge-attempt.ts";
import { isLeasedWith, taskIs } from "./lease-guard.ts";
import { type CancelledLease, cancelLost, recordLostOutputs } from "./lost-work.ts";
import { batchOf, settleBatch } from "./settle-batch.ts";
import { recordEnd, settleJob } from "./settle-job.ts";
import { rejectMedia, releaseMedia } from "./settle-media.ts";

export type FailureOutcome =
  /** The task is `ready` again; send its lane a ticket, delayed by `delayMs`. */
  | { applied: "retry"; lane: Lane; delayMs: number }
  /** The task failed for good, and what hung on it was cancelled; `jobEnded` unless the job goes on without it. */
  | {
      applied: "given_up";
      /** It, and the tasks that were cancelled with it. */
      givenUp: string[];
      /** The attempts among them to stop. */
      cancelled: CancelledLease[];
      jobEnded: "failed" | "completed" | undefined;
      /** Every output that the job has lost by now. */
      outputsFailed: LostOutput[];
    }
  /** The lease was lost before: nothing changed. */
  | { applied: "stale" };

/** An output of a job that goes on without it. */
export interface LostOutput {
  name: string;
  failure: FailureRecord;
}

/**
 * Ends an attempt that failed, guarded by the lease token: `leased → ready` when it is to run again, `leased →
 * failed` when not. Then the job fails with it, or, where it allows partial results, loses what hung on the task and
 * ends only when nothing is left. Zero rows in the first statement: stale, nothing changes.
 *
 * @param usage what the attempt has used; its processor time is counted, also when it is stale
 */
export async function failTask(
  d1: D1Database,
  lease: Lease,
  failure: FailureRecord,
  decision: RetryDecision,
  nowMs: number,
  usage: AttemptUsage = {},
): Promise<FailureOutcome> {
  const db = drizzle(d1);
  const retryAt = decision.retry ? nowMs + decision.delayMs : null;
  const ending = { lease, failure, nowMs, retryAt, usage };
  return decision.retry ? await putBack(db, ending, decision) : await giveUp(db, ending);
}

interface Ending {
  lease: Lease;
  failure: FailureRecord;
  nowMs: number;
  /** When the task may run again. */
  retryAt: number | null;
  usage: AttemptUsage;
}

async function putBack(
  db: DrizzleD1Database,
  ending: Ending,
  decision: Extract<RetryDecision, { retry: true }>,
): Promise<FailureOutcome> {
  const { lease, failure, nowMs } = ending;
  const [, , rows] = await db.batch([
    endAttempt(db, ending),
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
        ...(decision.doubt !== undefined && { spec: sql`json_set(spec, '$.doubt', ${decision.doubt})` }),
        ...costOf(decision, failure),
      })
      .where(isLeasedWith(lease.taskId, lease.token))
      .returning({ lane: tasks.lane }),
    ...chargeAttempt(db, lease, ending.usage, nowMs),
  ]);
  const task = rows[0];
  return task ? { applied: "retry", lane: task.lane, delayMs: decision.delayMs } : { applied: "stale" };
}

/** What a put-back task has spent: a run of its policy, a loss, or nothing. */
function costOf(decision: Extract<RetryDecision, { retry: true }>, failure: FailureRecord) {
  if (decision.unspent) return {};
  return decision.counted
    ? { countedFailures: sql`counted_failures + 1`, retryClass: failure.class }
    : { systemFailures: decision.afresh ? 1 : sql`system_failures + 1` };
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

async function giveUp(db: DrizzleD1Database, ending: Ending): Promise<FailureOutcome> {
  const { lease, failure, nowMs } = ending;
  const guard = taskIs("failed", lease);
  const [, rows, waiting, useless, cancelled, , , [job], outputsFailed] = await db.batch([
    endAttempt(db, ending),
    db
      .update(tasks)
      .set({ state: "failed", finishedAt: nowMs, leaseUntil: null })
      .where(isLeasedWith(lease.taskId, lease.token))
      .returning({ id: tasks.id }),
    ...cancelLost(db, lease, nowMs, guard),
    recordLostOutputs(db, lease.jobId, failure, nowMs, guard),
    settleJob(db, lease.jobId, sql`${JSON.stringify(failure)}`, nowMs, guard),
    db.select({ status: jobs.status }).from(jobs).where(eq(jobs.id, lease.jobId)),
    db
      .select({ name: outputFailures.name, failure: outputFailures.failure })
      .from(outputFailures)
      .where(eq(outputFailures.jobId, lease.jobId)),
    ...rejectMedia(db, lease, failure, nowMs, guard),
    releaseMedia(db, lease.jobId, guard),
    ...recordEnd(db, lease.jobId, nowMs, guard),
    ...settleBatch(db, batchOf(lease.jobId), nowMs),
    ...chargeAttempt(db, lease, ending.usage, nowMs),
  ]);
  if (rows.length === 0) return { applied: "stale" };
  const jobEnded = job?.status === "failed" || job?.status === "completed" ? job.status : undefined;
  const givenUp = [...rows, ...waiting, ...useless].map((task) => task.id);
  return { applied: "given_up", givenUp, cancelled, jobEnded, outputsFailed };
}

function endAttempt(db: DrizzleD1Database, ending: Ending) {
  const { lease, failure, nowMs, retryAt, usage } = ending;
  return db
    .update(attempts)
    .set({
      outcome: failure.class === "system" ? "lost" : "failed",
      failure,
      finishedAt: nowMs,
      retryAt,
      peakMemoryBytes: usage.peakMemoryBytes ?? null,
    })
    .where(
      and(
        eq(attempts.taskId, lease.taskId),
        eq(attempts.number, lease.attempt),
        ne(attempts.outcome, "done"),
        taskIs("leased", lease),
      ),
    );
}
