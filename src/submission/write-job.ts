import type { Env } from "../config.ts";
import { inUse } from "../idempotency/answer-once.ts";
import { isHeld, isStillHeld, keepAnswer, type Reservation } from "../idempotency/reservations.ts";
import type { JobRow } from "../jobs/claimed-task.ts";
import { type Acceptance, acceptJob } from "../jobs/store/accept-job.ts";
import { readJob } from "../jobs/store/read-jobs.ts";

/** Who submits, and the ids that go with the job to the end. */
export interface Submitter {
  owner: string;
  requestId: string;
  traceparent: string | undefined;
  /** Under an `Idempotency-Key`. */
  once: SubmittedOnce | undefined;
}

export interface SubmittedOnce {
  reservation: Reservation;
  /** The answer that a job will get, as it is kept; `content` is what the request asked for. */
  keep(job: JobRow, content: unknown): Promise<{ fingerprint: string; sealed: string }>;
}

/**
 * Writes a job down, and with it the answer under its `Idempotency-Key`: neither is ever there without the other.
 *
 * @returns `false` when its input was removed in the meantime, and nothing was written.
 * @throws MediaError `idempotency_key_in_use` when the key was taken over by another request.
 */
export async function writeJob(
  env: Env,
  acceptance: Acceptance,
  { once }: Submitter,
  content: unknown,
): Promise<boolean> {
  if (!once) return await isAccepted(env, acceptance);
  const { reservation } = once;
  const kept = await once.keep(acceptance.job, content);
  const written = await isAccepted(env, {
    ...acceptance,
    condition: isHeld(reservation),
    alongside: (db, accepted) => [keepAnswer(db, reservation, kept, accepted)],
  });
  if (!written && !(await isStillHeld(env.DB, reservation))) throw inUse();
  return written;
}

/** Whether the job is written down, also when only the answer of the batch that wrote it was lost. */
async function isAccepted(env: Env, acceptance: Acceptance): Promise<boolean> {
  try {
    return await acceptJob(env.DB, acceptance);
  } catch (error) {
    if (await readJob(env.DB, acceptance.job.owner, acceptance.job.id)) return true;
    throw error;
  }
}
