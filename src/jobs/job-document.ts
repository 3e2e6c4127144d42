import { z } from "@hono/zod-openapi";
import { ERRORS, errorCodeOf } from "../errors.ts";
import type { FailureRecord } from "../schema/failures.ts";
import { JOB_STATUSES, PRIORITIES } from "../schema/jobs.ts";
import type { OutputRow } from "./claimed-task.ts";
import type { JobWithOutputs } from "./store/read-jobs.ts";

const time = z.iso.datetime();

const secondsRange = z.object({ low: z.number(), high: z.number() });

const outputDocument = z
  .object({
    name: z.string(),
    url: z.string(),
    playback_url: z
      .string()
      .optional()
      .openapi({ description: "Streams: the manifest to play; HLS where there is HLS" }),
    dash_url: z
      .string()
      .optional()
      .openapi({ description: "Streams: the DASH manifest, where there is one" }),
    subtitles: z
      .array(
        z.object({
          name: z.string(),
          language: z.string().optional(),
          url: z.string(),
          forced: z.boolean(),
          default: z.boolean(),
        }),
      )
      .optional()
      .openapi({ description: "Streams: the tracks of words, as WebVTT" }),
    type: z.string(),
    bytes: z.int(),
    width: z.int().nullable(),
    height: z.int().nullable(),
    duration: z.number().nullable().openapi({ description: "seconds" }),
    sha256: z.string(),
  })
  .openapi("Output");

export const errorDocument = z.object({
  code: z.string(),
  class: z.string(),
  message: z.string(),
  failed_stage: z.string().nullable(),
  retry_eligible: z.boolean(),
  suggested_action: z.string(),
});

export const jobDocument = z
  .object({
    job_id: z.string(),
    media_id: z.string(),
    kind: z
      .enum(["image", "video", "unknown"])
      .openapi({ description: "unknown until a source_url is fetched" }),
    status: z.enum(JOB_STATUSES),
    priority: z.enum(PRIORITIES),
    allow_partial: z.boolean(),
    run: z.int().openapi({ description: "From 1; every explicit retry begins another" }),
    current_stage: z.string().nullable(),
    progress_percentage: z.number(),
    estimated_duration: z
      .number()
      .openapi({ description: "Seconds from acceptance to the end, as estimated at submission" }),
    estimated_range: secondsRange.nullable().openapi({ description: "The same as a range" }),
    estimated_remaining: secondsRange
      .nullable()
      .openapi({ description: "Seconds left by what has been done since; null when the job has ended" }),
    output_specifications: z.array(z.unknown()),
    outputs: z.array(outputDocument),
    steps: z.array(z.unknown()),
    outputs_failed: z
      .array(z.object({ name: z.string(), error: errorDocument }))
      .openapi({ description: "With `allow_partial`: what could not be made. `POST …/retry` tries again" }),
    notes: z.array(z.string()),
    error: errorDocument.nullable(),
    retry_count: z.int(),
    batch_id: z.string().nullable(),
    request_id: z.string(),
    created_at: time,
    started_at: time.nullable(),
    finished_at: time.nullable(),
    status_url: z.string(),
  })
  .openapi("Job");

export type JobDocument = z.infer<typeof jobDocument>;

/** A job as its owner reads it. `origin` such as `https://media.example.com` makes the URLs absolute. */
export function describeJob(
  { job, outputs, outputsFailed, retryCount, estimatedRemaining }: JobWithOutputs,
  origin: string,
): JobDocument {
  return {
    job_id: job.id,
    media_id: job.mediaId,
    kind: job.kind,
    status: job.status,
    priority: job.priority,
    allow_partial: job.allowPartial,
    run: job.run,
    current_stage: job.currentStage,
    progress_percentage: job.progressPercentage,
    estimated_duration: job.estimatedDurationMs / 1000,
    estimated_range: job.estimate && { low: job.estimate.lowMs / 1000, high: job.estimate.highMs / 1000 },
    estimated_remaining: estimatedRemaining ?? null,
    output_specifications: job.outputSpecifications,
    outputs: outputs.map((output) => describeOutput(output, origin)),
    steps: job.steps,
    notes: job.notes,
    outputs_failed: outputsFailed.map(({ name, failure }) => ({ name, error: describeError(failure) })),
    error: job.error && describeError(job.error),
    retry_count: retryCount,
    batch_id: job.batchId,
    request_id: job.requestId,
    created_at: isoTime(job.createdAt),
    started_at: job.startedAt === null ? null : isoTime(job.startedAt),
    finished_at: job.finishedAt === null ? null : isoTime(job.finishedAt),
    status_url: `${origin}/v1/jobs/${job.id}`,
  };
}

function describeOutput(output: OutputRow, origin: string): z.infer<typeof outputDocument> {
  const manifests = output.stream?.manifests ?? ["master.m3u8"];
  const play = (manifest: string) => `${origin}/play/${output.jobId}/${manifest}`;
  const playback = play(manifests[0] ?? "master.m3u8");
  const dash = manifests.find((manifest) => manifest.endsWith(".mpd"));
  return {
    name: output.name,
    url: output.tree ? playback : `${origin}/outputs/${output.jobId}/${output.name}`,
    ...(output.tree && { playback_url: playback }),
    ...(output.tree && dash !== undefined && { dash_url: play(dash) }),
    ...(output.stream?.subtitles && {
      subtitles: output.stream.subtitles.map(({ name, language, path, forced, isDefault }) => ({
        ...{ name, language, url: play(path), forced, default: isDefault },
      })),
    }),
    type: output.type,
    bytes: output.bytes,
    width: output.width,
    height: output.height,
    duration: output.durationSeconds,
    sha256: output.sha256,
  };
}

/** Failures that a second try may cure, because they say nothing about the input. */
const RETRY_ELIGIBLE = new Set(["transient", "resource", "dependency", "codec", "system"]);

/** A failure without its private words. */
export function describeError(error: FailureRecord): z.infer<typeof errorDocument> {
  return {
    code: error.code,
    class: error.class,
    message: error.message,
    failed_stage: error.failedStage ?? null,
    retry_eligible: RETRY_ELIGIBLE.has(error.class),
    suggested_action: ERRORS[errorCodeOf(error.code)].action,
  };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
