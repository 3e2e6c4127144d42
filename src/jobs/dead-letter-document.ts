import { z } from "@hono/zod-openapi";
import { FAILURE_CLASSES } from "../errors.ts";
import type { FailureRecord, LetterAttempt } from "../schema/failures.ts";
import { RESOLUTIONS } from "../schema/failures.ts";
import { PRIORITIES } from "../schema/jobs.ts";
import { diagnose } from "./diagnose.ts";
import { describeError, errorDocument } from "./job-document.ts";
import type { DeadLetterRow, LetterFilter } from "./store/dead-letters.ts";

const time = z.iso.datetime();

/** With the private words of a failure, for operators. */
export const failureDocument = errorDocument.extend({
  detail: z.string().optional().openapi({ description: "For keys with the scope admin: what the tool said" }),
});

export const deadLetterDocument = z
  .object({
    job_id: z.string(),
    media_id: z.string(),
    kind: z.enum(["image", "video"]),
    priority: z.enum(PRIORITIES),
    output_specifications: z.array(z.unknown()),
    request_id: z.string(),
    class: z.string(),
    code: z.string(),
    error: failureDocument,
    run: z.int(),
    job_created_at: time,
    failed_at: time,
    notes: z.string(),
    resolution: z.enum(RESOLUTIONS).nullable(),
    resolved_at: time.nullable(),
    diagnostics: z.object({
      suggested_cause: z.string(),
      next_step: z.string(),
      retry_may_help: z.boolean(),
      attempts_by_code: z.record(z.string(), z.int()),
      workers: z.array(z.string()),
    }),
    history: z.array(
      z.object({
        task_id: z.string(),
        kind: z.string(),
        attempt: z.int(),
        worker_id: z.string(),
        started_at: time,
        finished_at: time.nullable(),
        duration: z.number().nullable().openapi({ description: "seconds" }),
        peak_memory_bytes: z.int().nullable(),
        error: failureDocument.nullable(),
      }),
    ),
    status_url: z.string(),
  })
  .openapi("DeadLetter");

/** Fields that choose dead letters, in a query or a body. */
export const letterFilterFields = {
  class: z.enum(FAILURE_CLASSES).optional(),
  code: z.string().max(64).optional(),
  failed_after: z.iso.datetime({ offset: true }).optional(),
  failed_before: z.iso.datetime({ offset: true }).optional(),
};
const agedFilter = z.object({ ...letterFilterFields, older_than: z.number().optional() });

/** @param older_than seconds since the failure, at least; the earlier of it and `failed_before` counts */
export function letterFilter(fields: z.infer<typeof agedFilter>, nowMs: number): LetterFilter {
  const { failed_after, failed_before, older_than } = fields;
  const before = [
    ...(failed_before === undefined ? [] : [Date.parse(failed_before)]),
    ...(older_than === undefined ? [] : [nowMs - older_than * 1000]),
  ];
  return {
    class: fields.class,
    code: fields.code,
    failedAfterMs: failed_after === undefined ? undefined : Date.parse(failed_after),
    failedBeforeMs: before.length === 0 ? undefined : Math.min(...before),
  };
}

/** A dead letter as its owner reads it; the private words of failures are for operators. */
export function describeLetter(
  letter: DeadLetterRow,
  { origin, showsDetail }: { origin: string; showsDetail: boolean },
): z.infer<typeof deadLetterDocument> {
  const { suggestedCause, nextStep, retryMayHelp, attemptsByCode, workers } = diagnose(
    letter.error,
    letter.history,
  );
  return {
    job_id: letter.jobId,
    media_id: letter.mediaId,
    kind: letter.kind,
    priority: letter.priority,
    output_specifications: letter.outputSpecifications,
    request_id: letter.requestId,
    class: letter.class,
    code: letter.code,
    error: describeFailure(letter.error, showsDetail),
    run: letter.run,
    job_created_at: isoTime(letter.jobCreatedAt),
    failed_at: isoTime(letter.failedAt),
    notes: letter.notes,
    resolution: letter.resolution,
    resolved_at: letter.resolvedAt === null ? null : isoTime(letter.resolvedAt),
    diagnostics: {
      suggested_cause: suggestedCause,
      next_step: nextStep,
      retry_may_help: retryMayHelp,
      attempts_by_code: attemptsByCode,
      workers,
    },
    history: letter.history.map((attempt) => describeAttempt(attempt, showsDetail)),
    status_url: `${origin}/v1/jobs/${letter.jobId}`,
  };
}

function describeAttempt(attempt: LetterAttempt, showsDetail: boolean) {
  const { startedAt, finishedAt, failure } = attempt;
  return {
    task_id: attempt.taskId,
    kind: attempt.kind,
    attempt: attempt.number,
    worker_id: attempt.workerId,
    started_at: isoTime(startedAt),
    finished_at: finishedAt === null ? null : isoTime(finishedAt),
    duration: finishedAt === null ? null : (finishedAt - startedAt) / 1000,
    peak_memory_bytes: attempt.peakMemoryBytes,
    error: failure && describeFailure(failure, showsDetail),
  };
}

/** A failure, with its private words where they may be shown. */
export function describeFailure(
  failure: FailureRecord,
  showsDetail: boolean,
): z.infer<typeof failureDocument> {
  const { detail } = failure;
  return { ...describeError(failure), ...(showsDetail && detail !== undefined && { detail }) };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
