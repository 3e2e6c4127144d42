import { drizzle } from "drizzle-orm/d1";
import { configOf, type Env } from "../config.ts";
import { inUse } from "../idempotency/answer-once.ts";
import { isHeld, isStillHeld, keepAnswer, type Reservation } from "../idempotency/reservations.ts";
import type { JobRow } from "../jobs/claimed-task.ts";
import { type Acceptance, type Accepted, acceptJob } from "../jobs/store/accept-job.ts";
import { findInSlot } from "../jobs/store/content-slot.ts";
import { readJob } from "../jobs/store/read-jobs.ts";
import type { PlannedJob } from "./plan-job.ts";

/** Who submits, and the ids that go with the job to the end. */
export interface Submitter {
  owner: string;
  /** The key in use; null for jobs that were submitted before it was written down. */
  keyId: string | null;
  requestId: string;
  traceparent: string | undefined;
  /** Under an `Idempotency-Key`. */
  once: SubmittedOnce | undefined;
}

export interface SubmittedOnce {
  reservation: Reservation;
  /** The answer to a submission, as it is kept; `content` is what the request asked for. */
  keep(submission: Submission, content: unknown): Promise<{ fingerprint: string; sealed: string }>;
}

/** What became of a submission: a job of its own, or the one that is there for the same content. */
export type Submission = {
  job: JobRow;
  /** When that was known, Unix milliseconds. */
  atMs: number;
} & ({ isNew: true; tasks: PlannedJob["tasks"]; hasEvents: boolean } | { isNew: false });

interface Request {
  submitter: Submitter;
  /** What it asked for, as its fingerprint needs it. */
  content: unknown;
  /** Also when the same content was submitted a short while ago. */
  isForced: boolean;
}

/**
 * Writes a job down, and with it the answer under its `Idempotency-Key`: neither is ever there without the other.
 *
 * @returns `undefined` when its input was removed in the meantime; nothing was written.
 * @throws MediaError `idempotency_key_in_use` when the key was taken over by another request.
 */
export async function writeJob(
  env: Env,
  acceptance: Acceptance,
  request: Request,
  tries = 3,
): Promise<Submission | undefined> {
  const { job, tasks } = acceptance;
  const created = {
    isNew: true as const,
    job,
    tasks: [...tasks],
    atMs: job.createdAt,
    hasEvents: false,
  };
  const slot = {
    createdAfterMs: job.createdAt - configOf(env).dedupeWindowMs,
    isForced: request.isForced,
  };
  const accepted = await accept(env, await underKey({ ...acceptance, slot }, created, request));
  if (accepted) {
    const { hasChannel, hasEvents } = accepted;
    return { ...created, job: { ...job, hasChannel }, hasEvents };
  }
  const { once } = request.submitter;
  if (once && !(await isStillHeld(env.DB, once.reservation))) throw inUse();
  const first = job.contentHash === null ? undefined : await findInSlot(env.DB, job.owner, job.contentHash);
  // It ended badly or was deleted a moment ago: then there is room for this one.
  if (job.contentHash !== null && !isAnswer(first) && tries > 1)
    return await writeJob(env, acceptance, request, tries - 1);
  return first && (await answerWith(env, first, request));
}

function isAnswer(job: JobRow | undefined): boolean {
  return job !== undefined && job.status !== "failed" && job.status !== "cancelled";
}

async function answerWith(
  env: Env,
  job: JobRow,
  { submitter: { once }, content }: Request,
): Promise<Submission> {
  const found: Submission = { isNew: false, job, atMs: Date.now() };
  if (once) await keepAnswer(drizzle(env.DB), once.reservation, await once.keep(found, content));
  return found;
}

async function underKey(
  acceptance: Acceptance,
  created: Submission,
  { submitter: { once }, content }: Request,
): Promise<Acceptance> {
  if (!once) return acceptance;
  const kept = await once.keep(created, content);
  return {
    ...acceptance,
    condition: isHeld(once.reservation),
    alongside: (db, accepted) => [keepAnswer(db, once.reservation, kept, accepted)],
  };
}

/** What became of the job where it is written down, also when only the answer of the batch that wrote it was lost. */
async function accept(env: Env, acceptance: Acceptance): Promise<Accepted | undefined> {
  try {
    return await acceptJob(env.DB, acceptance);
  } catch (error) {
    const written = await readJob(env.DB, acceptance.job.owner, acceptance.job.id);
    if (written) return { hasChannel: written.job.hasChannel, hasEvents: true };
    throw error;
  }
}
