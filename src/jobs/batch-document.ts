import { z } from "@hono/zod-openapi";
import { BATCH_ENDS, JOB_STATUSES, ON_ITEM_FAILURE } from "../schema/jobs.ts";
import { describeJob, jobDocument } from "./job-document.ts";
import type { BatchStatus, BatchSummary } from "./store/read-batches.ts";
import type { JobWithOutputs } from "./store/read-jobs.ts";

const time = z.iso.datetime();

export const BATCH_STATUSES = ["pending", "processing", ...BATCH_ENDS] as const satisfies BatchStatus[];

export const batchDocument = z
  .object({
    batch_id: z.string(),
    status: z.enum(BATCH_STATUSES).openapi({
      description:
        "completed: every job did; partial: some did; failed: none did, or one failed under fail_fast; cancelled: none did and none failed",
    }),
    on_item_failure: z.enum(ON_ITEM_FAILURE),
    progress_percentage: z.number().openapi({
      description:
        "The mean of the jobs, each weighted by how long it was expected to take; ended jobs count as 100",
    }),
    counts: z.object({
      total: z.int(),
      pending: z.int(),
      processing: z.int(),
      completed: z.int(),
      failed: z.int(),
      cancelled: z.int(),
    }),
    webhook_url: z.string().nullable(),
    created_at: time,
    finished_at: time.nullable(),
    links: z.object({ self: z.string(), jobs: z.string(), manifest: z.string() }),
  })
  .openapi("Batch");
export type BatchDocument = z.infer<typeof batchDocument>;

const item = z.object({
  job_id: z.string(),
  media_id: z.string(),
  status: z.enum(JOB_STATUSES),
  progress_percentage: z.number(),
  error_code: z.string().nullable(),
});

export const batchWithItems = batchDocument
  .extend({ items: z.array(item).openapi({ description: "In the order in which they were submitted" }) })
  .openapi("BatchWithItems");

export const batchManifest = z
  .object({
    batch_id: z.string(),
    status: z.enum(BATCH_ENDS),
    finished_at: time,
    items: z.array(
      jobDocument.pick({
        job_id: true,
        media_id: true,
        status: true,
        output_specifications: true,
        outputs: true,
        notes: true,
        error: true,
      }),
    ),
  })
  .openapi("BatchManifest");

/** A batch as its owner reads it. `origin` such as `https://media.example.com` makes the URLs absolute. */
export function describeBatch(
  { batch, counts, progressPercentage }: BatchSummary,
  origin: string,
): BatchDocument {
  const self = `${origin}/v1/batches/${batch.id}`;
  return {
    batch_id: batch.id,
    status: batch.status ?? (counts.pending === counts.total ? "pending" : "processing"),
    on_item_failure: batch.onItemFailure,
    progress_percentage: progressPercentage,
    counts,
    webhook_url: batch.webhookUrl,
    created_at: isoTime(batch.createdAt),
    finished_at: batch.finishedAt === null ? null : isoTime(batch.finishedAt),
    links: { self, jobs: `${origin}/v1/jobs?batch_id=${batch.id}`, manifest: `${self}/manifest` },
  };
}

/** The items of a batch, first submitted first. */
export function describeItems(jobs: readonly Pick<JobWithOutputs, "job">[]): z.infer<typeof item>[] {
  return jobs.map(({ job }) => ({
    job_id: job.id,
    media_id: job.mediaId,
    status: job.status,
    progress_percentage: job.progressPercentage,
    error_code: job.error?.code ?? null,
  }));
}

/** Everything that a batch made, and what it could not make. */
export function describeManifest(
  batch: { id: string; status: (typeof BATCH_ENDS)[number]; finishedAt: number },
  jobs: readonly JobWithOutputs[],
  origin: string,
): z.infer<typeof batchManifest> {
  return {
    batch_id: batch.id,
    status: batch.status,
    finished_at: isoTime(batch.finishedAt),
    items: jobs.map((job) => {
      const { job_id, media_id, status, output_specifications, outputs, notes, error } = describeJob(
        job,
        origin,
      );
      return { job_id, media_id, status, output_specifications, outputs, notes, error };
    }),
  };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
