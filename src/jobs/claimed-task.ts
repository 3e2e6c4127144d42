import type { InferSelectModel } from "drizzle-orm";
import type { batches, jobs } from "../schema/jobs.ts";
import type { media } from "../schema/media.ts";
import type { outputFailures, outputs } from "../schema/outputs.ts";
import type { activity } from "../schema/shipping.ts";
import type { attempts, taskDependencies, tasks } from "../schema/tasks.ts";

export type TaskRow = InferSelectModel<typeof tasks>;
export type JobRow = InferSelectModel<typeof jobs>;
export type BatchRow = InferSelectModel<typeof batches>;
export type OutputRow = InferSelectModel<typeof outputs>;
export type OutputFailureRow = InferSelectModel<typeof outputFailures>;
export type AttemptRow = InferSelectModel<typeof attempts>;
export type MediaRow = InferSelectModel<typeof media>;
export type ActivityRow = InferSelectModel<typeof activity>;
export type TaskDependencyRow = InferSelectModel<typeof taskDependencies>;

/** The right to finish or fail one task: whoever holds another token, or none, changes nothing. */
export interface Lease {
  taskId: string;
  jobId: string;
  token: string;
  /** Which run of the task this is, from 1; names the attempt's own prefix in R2. */
  attempt: number;
  untilMs: number;
  workerId: string;
}

/** A task under lease with all that its handler needs to know. */
export interface ClaimedTask {
  lease: Lease;
  task: TaskRow;
  job: JobRow;
  media: MediaRow;
}

/**
 * Where everything that one attempt writes lies: final names from the start, because R2 cannot move an object, and
 * a prefix of its own, so that two runs of a task cannot touch each other's files. D1 decides which run counts.
 */
export function attemptPrefix(attempt: { jobId: string; taskId: string; attempt: number }): string {
  return `outputs/${attempt.jobId}/${attempt.taskId}.${attempt.attempt}/`;
}
