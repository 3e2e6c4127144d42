import type { Env } from "../config.ts";
import { ERRORS, type ErrorCode, type MediaError } from "../errors.ts";
import {
  attemptPrefix,
  type ClaimedTask,
  type Lease,
  type TaskDependencyRow,
  type TaskRow,
} from "../jobs/claimed-task.ts";
import { placeAfter } from "../jobs/placement.ts";
import { decideRetry, type RetryDecision, runAgain, waitForDependency } from "../jobs/retry-policy.ts";
import type { AttemptUsage } from "../jobs/store/charge-attempt.ts";
import { type FailureOutcome, failTask, type LostOutput } from "../jobs/store/fail-task.ts";
import { type FinishedTask, finishTask } from "../jobs/store/finish-task.ts";
import { hasJobMovedOn } from "../jobs/store/loss-history.ts";
import { markSwept, readAttemptOutcome } from "../jobs/store/sweep-queries.ts";
import { laneQueues, sendTickets } from "../jobs/tickets.ts";
import { log } from "../log.ts";
import { deletePrefix } from "../media/delete-prefix.ts";
import type { ProgressEvent } from "../progress/event.ts";
import { outlineOf } from "../progress/outline.ts";
import { STAGE_OF_TASK, type StageName } from "../progress/stages.ts";
import type { FailureRecord } from "../schema/failures.ts";
import type { Priority } from "../schema/jobs.ts";
import { dispatchEvents } from "../webhooks/dispatch.ts";
import { activityRows, type ShippedFile } from "./activity-rows.ts";
import { reportError, reportWell } from "./breakers.ts";
import { haltBatch } from "./cancel-batch.ts";
import type { StoredFile } from "./output-rows.ts";
import { outputRows } from "./output-rows.ts";
import { askElsewhere, confirmed, doubtOf } from "./second-opinion.ts";
import { stopAttempts } from "./stop-attempts.ts";
import { GATHER_MS, keepUnsaid, takeUnsaid } from "./unsaid.ts";
import { isWithin } from "./within.ts";

/** What a handler hands back when its task is done and its files lie under the attempt's prefix. */
export interface TaskOutcome {
  /** Kept for the tasks that build on this one. */
  result: unknown;
  files: readonly StoredFile[];
  newTasks?: readonly TaskRow[];
  newDependencies?: readonly TaskDependencyRow[];
  notes?: readonly string[];
  /** The stages of the job, where the new tasks change them. */
  stages?: readonly StageName[];
  /** More statements of the batch that finishes the task. */
  alongside?: FinishedTask["alongside"];
  /** Removes what was made beside the attempt's own files, when the attempt does not count. */
  discard?: () => Promise<void>;
  /** Removes what nobody needs any more once the task is done. */
  tidy?: () => Promise<void>;
  /** The file that was delivered to somebody else. */
  shipped?: ShippedFile;
  /** Outputs that it could not make, where the job allows that. */
  failedOutputs?: readonly FailedOutput[];
}

export interface FailedOutput {
  name: string;
  error: MediaError;
}

/**
 * Finishes a task in D1, lets the tasks that waited for it go, and tells who watches.
 *
 * @returns whether its job is completed with it
 */
export async function concludeDone(
  env: Env,
  { lease, task, job }: ClaimedTask,
  outcome: TaskOutcome,
  usage: AttemptUsage = {},
): Promise<boolean> {
  const nowMs = Date.now();
  const newTasks = outcome.newTasks ?? [];
  const failedOutputs = (outcome.failedOutputs ?? []).map(({ name, error }) => ({
    name,
    failure: failureRecord(error, STAGE_OF_TASK[task.kind]),
  }));
  const finish = await finishTask(
    env.DB,
    lease,
    {
      result: outcome.result,
      outputs: outputRows(lease, outcome.files, nowMs),
      newTasks,
      newDependencies: outcome.newDependencies ?? [],
      notes: outcome.notes ?? [],
      stages: outcome.stages,
      alongside: outcome.alongside,
      activity: activityRows({ lease, job }, outcome.files, outcome.shipped, nowMs),
      failedOutputs,
      allowPartial: job.allowPartial,
      isSingle: job.batchId === null,
      usage: { ...usage, keyId: job.keyId },
    },
    nowMs,
  );
  await reportWell(env);
  if (!finish.accepted) {
    await outcome.discard?.();
    await abandonAttempt(env, lease);
    return false;
  }
  await sendTickets(laneQueues(env), finish.readyLanes);
  await tidyUp(outcome, lease);
  const events: ProgressEvent[] = [];
  if (newTasks.length > 0) {
    events.push({ type: "planned", tasks: newTasks.map(outlineOf), stages: outcome.stages, atMs: nowMs });
  }
  events.push({
    type: "task_ended",
    taskId: lease.taskId,
    attempt: lease.attempt,
    state: "done",
    atMs: nowMs,
  });
  if (failedOutputs.length > 0) events.push(outputsFailed(failedOutputs, [], nowMs));
  if (finish.jobCompleted) events.push({ type: "job_ended", status: "completed", atMs: nowMs });
  if (finish.jobFailed) events.push({ type: "job_ended", status: "failed", atMs: nowMs });
  if (finish.jobFailed && job.batchId !== null) await haltBatch(env, job.batchId, nowMs);
  await Promise.all([
    finish.hasChannel && tell(env, job.id, events),
    finish.hasEvents && dispatchEvents(env, [job.id], nowMs),
  ]);
  return finish.jobCompleted;
}

/** The task is done whatever becomes of this; what is left goes with the job. */
async function tidyUp({ tidy }: TaskOutcome, { jobId, taskId }: Lease): Promise<void> {
  try {
    await tidy?.();
  } catch (error) {
    log("warn", "processing", "untidy", { job_id: jobId, task_id: taskId, detail: String(error) });
  }
}

/** A stale failure is what becomes of cancelled work. */
const LOG_LEVELS = { retry: "warn", given_up: "error", stale: "info" } as const;

/** Ends an attempt that failed: the task runs again, or is given up. The attempt's files go either way. */
export async function concludeFailed(
  env: Env,
  { lease, task, job }: Omit<ClaimedTask, "media">,
  thrown: MediaError,
  usage: AttemptUsage = {},
): Promise<void> {
  const nowMs = Date.now();
  const error = confirmed(doubtOf(task), thrown);
  const failure = failureRecord(error, STAGE_OF_TASK[task.kind]);
  const decision = await decide(env, task, job.priority, error);
  const outcome = await failTask(env.DB, lease, failure, decision, nowMs, {
    ...usage,
    keyId: job.keyId,
  });
  log(LOG_LEVELS[outcome.applied], "processing", "task_failed", {
    request_id: job.requestId,
    job_id: job.id,
    task_id: task.id,
    attempt: lease.attempt,
    code: error.code,
    outcome: outcome.applied,
    detail: error.privateDetail?.slice(-2000),
  });
  await announceFailure(env, lease, outcome, nowMs);
  if (outcome.applied === "given_up") await dispatchEvents(env, [job.mediaId], nowMs);
  if (outcome.applied === "given_up" && outcome.jobEnded === "failed" && job.batchId !== null)
    await haltBatch(env, job.batchId, nowMs);
  await abandonAttempt(env, lease);
}

/** What fails because something is down that every task needs waits for that, and has spent nothing. */
async function decide(
  env: Env,
  task: TaskRow,
  priority: Priority,
  error: MediaError,
): Promise<RetryDecision> {
  const nowMs = Date.now();
  const { retryAfterMs } = error;
  const elsewhere = askElsewhere(task, error);
  if (elsewhere) return elsewhere;
  if (error.code === "dependency_down") {
    return waitForDependency(nowMs + (retryAfterMs ?? 0), nowMs, Math.random());
  }
  const pauseMs = PAUSE_AFTER_MS[error.code];
  if (pauseMs !== undefined && task.attempt < MAX_UNCOUNTED) return runAgain(pauseMs, Math.random());
  const standing = await reportError(env, error);
  if (standing?.state === "open") return waitForDependency(standing.openUntilMs, nowMs, Math.random());
  if (error.class === "system") return await decideLost(env, task, priority);
  const decision = decideRetry(error.class, task, priority, Math.random(), { kind: task.kind, retryAfterMs });
  return decision.retry ? { ...decision, place: placeAfter(task, error.class) } : decision;
}

/** Losses that say nothing of the task: the transcoder was gone or full before it began, or its worker went down. */
const PAUSE_AFTER_MS: Partial<Record<ErrorCode, number>> = {
  transcoder_unavailable: 1_000,
  transcoder_busy: 2_000,
  worker_restarted: 0,
};

/** Attempts of a task beyond which every loss counts: one that brings down whatever runs it must end, too. */
const MAX_UNCOUNTED = 50;

/** A loss counts with those before it only as long as nothing else of the job gets done in between. */
async function decideLost(env: Env, task: TaskRow, priority: Priority): Promise<RetryDecision> {
  const isAfresh = task.systemFailures > 0 && (await hasJobMovedOn(env.DB, task.id));
  const history = isAfresh ? { ...task, systemFailures: 0 } : task;
  const decision = decideRetry("system", history, priority, Math.random());
  return decision.retry && isAfresh ? { ...decision, afresh: true } : decision;
}

async function announceFailure(
  env: Env,
  lease: Lease,
  outcome: FailureOutcome,
  nowMs: number,
): Promise<void> {
  if (outcome.applied === "stale") return;
  const ended = { type: "task_ended", taskId: lease.taskId, attempt: lease.attempt, atMs: nowMs } as const;
  if (outcome.applied === "retry") {
    await sendTickets(laneQueues(env), [outcome.lane], outcome.delayMs);
    return await announce(env, lease.jobId, [{ ...ended, state: "ready" }]);
  }
  await stopAttempts(env, outcome.cancelled);
  const { jobEnded: status } = outcome;
  await announce(env, lease.jobId, [
    { ...ended, state: "failed" },
    // A job that failed is over: nothing goes on without what was given up.
    outputsFailed(outcome.outputsFailed, status === "failed" ? [] : outcome.givenUp, nowMs),
    ...(status ? [{ type: "job_ended" as const, status, atMs: nowMs }] : []),
  ]);
}

function outputsFailed(lost: readonly LostOutput[], taskIds: string[], atMs: number): ProgressEvent {
  const outputs = lost.map(({ name, failure: { code, message } }) => ({ name, code, message }));
  return { type: "outputs_failed", outputs, taskIds, atMs };
}

/**
 * Removes what an attempt wrote that does not count. A crash in between is made up for by the sweep. An attempt can
 * also get here whose finish was written down but whose answer was lost on the way: its files stay.
 */
async function abandonAttempt(env: Env, lease: Lease): Promise<void> {
  if ((await readAttemptOutcome(env.DB, lease)) === "done") return;
  await deletePrefix(env.MEDIA, attemptPrefix(lease));
  await markSwept(env.DB, [{ taskId: lease.taskId, number: lease.attempt }], Date.now());
}

/** After a transition: tells who watches, and who asked for webhooks, whose events are in D1 by then. */
export async function announce(env: Env, jobId: string, events: ProgressEvent[]): Promise<void> {
  await Promise.all([tell(env, jobId, events), dispatchEvents(env, [jobId], Date.now())]);
}

/**
 * Tells who watches. What an attempt says on its way is gathered for a moment, and goes out in its order, with the end
 * of the attempt at the latest.
 */
export async function tell(env: Env, jobId: string, events: ProgressEvent[]): Promise<void> {
  const isPromised = !keepUnsaid(jobId, events, Date.now());
  if (!events.every((event) => ON_THE_WAY.has(event.type))) return await say(env, jobId);
  if (!isPromised) setTimeout(() => void say(env, jobId), GATHER_MS);
}

const ON_THE_WAY = new Set<ProgressEvent["type"]>(["task_started", "task_progress", "heartbeat"]);

async function say(env: Env, jobId: string): Promise<void> {
  const events = takeUnsaid(jobId);
  if (events.length > 0) await show(env, jobId, events);
}

/** A channel that has not answered by then has heard it, or will, or is lost; nobody waits for it. */
const SHOW_WITHIN_MS = 2_000;

/** Progress is only shown: when its channel cannot be reached, or is slow, the work is done all the same. */
export async function show(env: Env, jobId: string, events: ProgressEvent[]): Promise<void> {
  try {
    const heard = env.JOB_PROGRESS.getByName(jobId).record(events);
    if (!(await isWithin(heard, SHOW_WITHIN_MS))) log("warn", "progress", "channel_slow", { job_id: jobId });
  } catch (error) {
    log("warn", "progress", "channel_unreachable", { job_id: jobId, detail: String(error) });
  }
}

function failureRecord(error: MediaError, failedStage: string): FailureRecord {
  return {
    code: error.code,
    class: ERRORS[error.code].class,
    message: error.message,
    failedStage,
    detail: error.privateDetail?.slice(-4000),
  };
}
