import { z } from "@hono/zod-openapi";
import type { InferSelectModel } from "drizzle-orm";
import { BATCH_ENDS, ON_ITEM_FAILURE } from "../schema/jobs.ts";
import { EVENT_TYPES, type events } from "../schema/webhooks.ts";

export type EventRow = InferSelectModel<typeof events>;

/** Version of the envelope's shape. */
const API_VERSION = "2026-11-01";
/** Receivers and Standard Webhooks ask for small bodies: under 20 KB, whatever a job holds. */
export const MAX_ENVELOPE_BYTES = 20_000;
const MAX_MESSAGE_CHARACTERS = 1_000;
const MAX_LOST_MESSAGE_CHARACTERS = 200;

const time = z.iso.datetime();

const outputFile = z.object({
  name: z.string(),
  url: z.string().openapi({ description: "Needs a key of the owner" }),
  type: z.string(),
  bytes: z.int(),
  width: z.int().nullable(),
  height: z.int().nullable(),
  duration: z.number().nullable().openapi({ description: "seconds" }),
  sha256: z.string(),
});

const eventJob = z.object({
  job_id: z.string(),
  media_id: z.string(),
  kind: z.string(),
  status: z.string(),
  run: z.int().optional().openapi({ description: "From 1; every explicit retry begins another" }),
  priority: z.string(),
  progress_percentage: z.number(),
  current_stage: z.string().nullable(),
  created_at: time,
  started_at: time.nullable(),
  finished_at: time.nullable(),
  status_url: z.string(),
});

const eventBatch = z.object({
  batch_id: z.string(),
  status: z.enum(["processing", ...BATCH_ENDS]),
  run: z.int().optional().openapi({ description: "From 1; a retry of an ended batch begins another" }),
  on_item_failure: z.enum(ON_ITEM_FAILURE),
  progress_percentage: z.number(),
  counts: z.record(z.string(), z.int()).openapi({ description: "How many of its jobs are in each state" }),
  created_at: time,
  finished_at: time.nullable(),
  status_url: z.string(),
});

const payload = z.object({
  output_files: z.array(outputFile).optional(),
  outputs_failed: z
    .array(z.object({ name: z.string(), code: z.string(), message: z.string() }))
    .optional()
    .openapi({ description: "Of a job that allows partial results: what it could not make" }),
  output_files_omitted: z.int().optional().openapi({ description: "Left out to keep the event small" }),
  processing_duration: z.number().nullable().optional().openapi({ description: "seconds" }),
  metadata: z.record(z.string(), z.unknown()).optional(),
  error: z
    .object({
      code: z.string(),
      class: z.string(),
      message: z.string(),
      failed_stage: z.string().nullable(),
    })
    .optional(),
  retry_eligible: z.boolean().optional(),
});
type Payload = z.infer<typeof payload>;

/** What every receiver gets, whatever the event. */
export const envelope = z
  .object({
    type: z.enum(EVENT_TYPES),
    timestamp: time.openapi({ description: "When it happened, not when it was sent" }),
    data: z.object({
      event_id: z.string(),
      correlation_id: z.string(),
      api_version: z.string(),
      sequence: z.int().openapi({ description: "Rises with every event of the job; order is not promised" }),
      job: eventJob.optional(),
      batch: eventBatch.optional(),
      payload,
    }),
  })
  .openapi("WebhookEvent");
export type Envelope = z.infer<typeof envelope>;

/** What the transition wrote down (`outbox.ts`); times are Unix milliseconds. */
interface JobSnapshot {
  job_id: string;
  media_id: string;
  kind: string;
  status: string;
  run?: number;
  priority: string;
  progress_percentage: number;
  current_stage: string | null;
  created_at: number;
  started_at: number | null;
  finished_at: number | null;
  notes: string[];
  error: SnapshotFailure | null;
  detail: SnapshotDetail | null;
  outputs_failed?: { name: string; error: SnapshotFailure }[];
  outputs: (Omit<z.infer<typeof outputFile>, "url"> & { is_stream: number; manifest?: string | null })[];
}

type BatchSnapshot = Omit<z.infer<typeof eventBatch>, "created_at" | "finished_at" | "status_url"> & {
  created_at: number;
  finished_at: number | null;
};

/** Of `job.retry` the failure and what follows; of `job.progress` what the live channel knows better than D1. */
interface SnapshotDetail {
  failure?: SnapshotFailure | null;
  attempt?: number;
  next_attempt_at?: number;
  progress_percentage?: number;
  current_stage?: string | null;
}

interface SnapshotFailure {
  code: string;
  class: string;
  message: string;
  failedStage?: string;
}

/**
 * The body of an event, the same at every attempt. `origin` such as `https://media.example.com` makes URLs absolute;
 * when it is empty they are paths on the service.
 *
 * @returns JSON of at most {@link MAX_ENVELOPE_BYTES} bytes.
 */
export function envelopeBody(event: EventRow, origin: string): string {
  let files = Number.POSITIVE_INFINITY;
  for (;;) {
    const built = buildEnvelope(event, origin);
    const all = built.data.payload.output_files ?? [];
    const kept = all.slice(0, files);
    if (kept.length < all.length) {
      built.data.payload.output_files = kept;
      built.data.payload.output_files_omitted = all.length - kept.length;
    }
    const body = JSON.stringify(built);
    if (new TextEncoder().encode(body).length <= MAX_ENVELOPE_BYTES || kept.length === 0) return body;
    files = Math.floor(kept.length / 2);
  }
}

function buildEnvelope(event: EventRow, origin: string): Envelope {
  const job = event.jobId === null ? undefined : (event.snapshot as unknown as JobSnapshot);
  const batch = event.type.startsWith("batch.") ? (event.snapshot as unknown as BatchSnapshot) : undefined;
  return {
    type: event.type,
    timestamp: isoTime(event.createdAt),
    data: {
      event_id: event.id,
      correlation_id: event.correlationId,
      api_version: API_VERSION,
      sequence: event.sequence,
      ...(job && { job: describeJob(job, origin) }),
      ...(batch && { batch: describeBatch(batch, origin) }),
      payload: job ? payloadOf(job, origin) : batch ? {} : { metadata: event.snapshot },
    },
  };
}

function describeJob(job: JobSnapshot, origin: string): z.infer<typeof eventJob> {
  const {
    notes: _notes,
    error: _error,
    detail: _detail,
    outputs: _outputs,
    outputs_failed: _failed,
    ...shown
  } = job;
  return {
    ...shown,
    progress_percentage: job.detail?.progress_percentage ?? job.progress_percentage,
    current_stage: job.detail?.current_stage ?? job.current_stage,
    created_at: isoTime(job.created_at),
    started_at: job.started_at === null ? null : isoTime(job.started_at),
    finished_at: job.finished_at === null ? null : isoTime(job.finished_at),
    status_url: `${origin}/v1/jobs/${job.job_id}`,
  };
}

function describeBatch(batch: BatchSnapshot, origin: string): z.infer<typeof eventBatch> {
  return {
    ...batch,
    created_at: isoTime(batch.created_at),
    finished_at: batch.finished_at === null ? null : isoTime(batch.finished_at),
    status_url: `${origin}/v1/batches/${batch.batch_id}`,
  };
}

function payloadOf(job: JobSnapshot, origin: string): Payload {
  const failure = job.error ?? job.detail?.failure;
  const startedAt = job.started_at;
  const processing =
    startedAt === null || job.finished_at === null ? null : (job.finished_at - startedAt) / 1000;
  return {
    output_files: job.outputs.map(({ is_stream, manifest, ...file }) => ({
      ...file,
      url: is_stream
        ? `${origin}/play/${job.job_id}/${manifest ?? "master.m3u8"}`
        : `${origin}/outputs/${job.job_id}/${file.name}`,
    })),
    ...(job.outputs_failed?.length && { outputs_failed: job.outputs_failed.map(lostOutput) }),
    processing_duration: processing,
    ...(failure ? failed(failure) : { metadata: { notes: job.notes.slice(0, 20) } }),
    ...(job.detail?.next_attempt_at !== undefined && {
      metadata: { attempt: job.detail.attempt, next_attempt_at: isoTime(job.detail.next_attempt_at) },
    }),
  };
}

function lostOutput({ name, error }: { name: string; error: SnapshotFailure }) {
  return { name, code: error.code, message: error.message.slice(0, MAX_LOST_MESSAGE_CHARACTERS) };
}

function failed(failure: SnapshotFailure): Pick<Payload, "error" | "retry_eligible"> {
  return {
    error: {
      code: failure.code,
      class: failure.class,
      message: failure.message.slice(0, MAX_MESSAGE_CHARACTERS),
      failed_stage: failure.failedStage ?? null,
    },
    // What is wrong with the input or the request stays wrong.
    retry_eligible: failure.class !== "input" && failure.class !== "configuration",
  };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
