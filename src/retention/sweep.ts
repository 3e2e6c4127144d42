import { forgetActivity } from "../activity/store.ts";
import { type Env, LIMITS } from "../config.ts";
import { forgetKeys } from "../idempotency/reservations.ts";
import { attemptPrefix } from "../jobs/claimed-task.ts";
import { forgetLetters } from "../jobs/store/dead-letters.ts";
import { endJob } from "../jobs/store/end-job.ts";
import {
  countReadyTasks,
  findOverdueJobs,
  findUnsweptAttempts,
  markSwept,
} from "../jobs/store/sweep-queries.ts";
import { laneQueues, sendTickets } from "../jobs/tickets.ts";
import { log } from "../log.ts";
import { deletePrefix } from "../media/delete-prefix.ts";
import { findDeletedMedia, findOldRemote } from "../media/store.ts";
import { expireUpload, findAbandonedUploads } from "../media/upload-rows.ts";
import { haltBatches, settleBatches } from "../processing/cancel-batch.ts";
import { announce } from "../processing/conclude.ts";
import { eachAlone } from "../processing/each-alone.ts";
import { recoverExpired } from "../processing/recover.ts";
import { stopAttempts } from "../processing/stop-attempts.ts";
import { dispatchEvents } from "../webhooks/dispatch.ts";
import { forgetDeliveries, reissueDeliveries } from "../webhooks/sweep.ts";
import { deleteMedia } from "./delete-media.ts";
import { forgetOldJobs, removeOutlived } from "./forget-jobs.ts";

/**
 * Rows of each kind that one sweep looks at; the next one, a minute later, goes on. A row costs up to ten queries, and
 * an invocation may make 1,000.
 */
const BATCH = 20;
/** Attempts cost a look at R2 each: a job of many chunks that was cancelled is swept within the minute. */
const ATTEMPTS_A_SWEEP = 400;
/** Tickets that one sweep sends to a lane; whoever spends one goes on by itself where there is more. */
const TICKETS_A_LANE = 100;

/** They cost one statement, however many they are. */
const SMALL_ROWS_A_SWEEP = 1_000;

/** The steps of a sweep, each on its own: one that fails leaves the others to do their part. */
const STEPS = {
  tickets: reissueTickets,
  recovered: (env, nowMs) => recoverExpired(env, nowMs, BATCH),
  overdue: failOverdue,
  batchesHalted: (env, nowMs) => haltBatches(env, nowMs, BATCH),
  batchesSettled: (env, nowMs) => settleBatches(env, nowMs, BATCH),
  attemptsSwept: sweepAttempts,
  uploadsDiscarded: discardAbandoned,
  mediaDeleted: finishDeletions,
  remotesForgotten: forgetRemote,
  deliveriesReissued: (env, nowMs) => reissueDeliveries(env, nowMs),
  deliveriesForgotten: (env, nowMs) => forgetDeliveries(env, nowMs, SMALL_ROWS_A_SWEEP),
  outputsOutlived: (env, nowMs) => removeOutlived(env, nowMs, BATCH),
  jobsForgotten: forgetOldJobs,
  lettersForgotten: (env, nowMs) => forgetLetters(env.DB, nowMs - LIMITS.deadLetterKeptMs, BATCH),
  keysForgotten: (env, nowMs) => forgetKeys(env.DB, nowMs, SMALL_ROWS_A_SWEEP),
  activityForgotten: (env, nowMs) => forgetActivity(env.DB, nowMs, SMALL_ROWS_A_SWEEP),
} as const satisfies Record<string, (env: Env, nowMs: number) => Promise<number>>;

/** How many rows each step dealt with. */
export type SweepReport = Record<keyof typeof STEPS, number>;

/**
 * Makes good what was missed: workers that fell silent, tickets that were lost, files that no row stands for. Safe
 * to run at any time, twice, or not at all for a while: every step starts from D1.
 */
export async function sweep(env: Env, nowMs: number): Promise<SweepReport> {
  const report: SweepReport = {
    tickets: 0,
    recovered: 0,
    overdue: 0,
    batchesHalted: 0,
    batchesSettled: 0,
    attemptsSwept: 0,
    uploadsDiscarded: 0,
    mediaDeleted: 0,
    remotesForgotten: 0,
    deliveriesReissued: 0,
    deliveriesForgotten: 0,
    outputsOutlived: 0,
    jobsForgotten: 0,
    lettersForgotten: 0,
    keysForgotten: 0,
    activityForgotten: 0,
  };
  for (const name of Object.keys(STEPS) as (keyof typeof STEPS)[]) {
    try {
      report[name] = await STEPS[name](env, nowMs);
    } catch (error) {
      log("error", "sweep", "step_failed", { step: name, detail: String(error) });
    }
  }
  if (Object.values(report).some((count) => count > 0)) log("info", "sweep", "swept", { ...report });
  return report;
}

async function failOverdue(env: Env, nowMs: number): Promise<number> {
  const overdue = await findOverdueJobs(env.DB, nowMs, BATCH);
  return await eachAlone("overdue", overdue, async (job) => {
    if (job.status !== "pending" && job.status !== "processing") return;
    const failure = { code: "timeout", class: "codec", message: "The job did not end before its deadline." };
    const result = await endJob(env.DB, job.id, job.status, nowMs, failure);
    if (!result.ended) return;
    await stopAttempts(env, result.running);
    await announce(env, job.id, [{ type: "job_ended", status: result.status, atMs: nowMs }]);
  });
}

/** One ticket for every task that could run now: too many only find nothing to claim. */
export async function reissueTickets(env: Env, nowMs: number): Promise<number> {
  const lanes = (await countReadyTasks(env.DB, nowMs)).flatMap(({ lane, ready }) =>
    Array.from({ length: Math.min(ready, TICKETS_A_LANE) }, () => lane),
  );
  await sendTickets(laneQueues(env), lanes);
  return lanes.length;
}

/** Leaves an attempt that just ended to whoever ended it. */
const SWEEP_AFTER_MS = 10_000;

async function sweepAttempts(env: Env, nowMs: number): Promise<number> {
  const unswept = await findUnsweptAttempts(env.DB, nowMs - SWEEP_AFTER_MS, ATTEMPTS_A_SWEEP);
  const swept: typeof unswept = [];
  await eachAlone("sweep_attempt", unswept, async (attempt) => {
    await deletePrefix(env.MEDIA, attemptPrefix({ ...attempt, attempt: attempt.number }));
    swept.push(attempt);
  });
  if (swept.length > 0) await markSwept(env.DB, swept, nowMs);
  return swept.length;
}

async function discardAbandoned(env: Env, nowMs: number): Promise<number> {
  const abandoned = await findAbandonedUploads(env.DB, nowMs - LIMITS.abandonedUploadMs, BATCH);
  for (const upload of abandoned) await expireUpload(env.DB, env.MEDIA, upload, nowMs);
  const ids = abandoned.map((upload) => upload.id);
  if (ids.length > 0) await dispatchEvents(env, ids, nowMs);
  return abandoned.length;
}

/** How long an image of a listed origin is kept after it was last asked for and found to be the latest. */
const REMOTE_KEPT_MS = 30 * 86_400_000;

/** One a sweep: it is fetched again by whoever asks for it. */
async function forgetRemote(env: Env, nowMs: number): Promise<number> {
  const media = await findOldRemote(env.DB, nowMs - REMOTE_KEPT_MS);
  if (!media) return 0;
  await deleteMedia(env, media);
  return 1;
}

/** A large deletion takes several sweeps, a few jobs at a time. */
async function finishDeletions(env: Env): Promise<number> {
  const [media] = await findDeletedMedia(env.DB, 1);
  if (!media) return 0;
  await deleteMedia(env, media);
  return 1;
}
