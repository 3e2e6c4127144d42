import type { Job, JobStatus, OutputRequest, Priority } from "./resources.ts";

/** What one job of a batch works on and makes; what is left out is the batch's default. */
export type BatchItem = BatchDefaults & ({ media_id: string } | { source_url: string });

export interface BatchDefaults {
  output_specifications?: OutputRequest[];
  steps?: unknown[];
  priority?: Priority;
  allow_partial?: boolean;
}

export interface NewBatch {
  /** 1–100. All of them are accepted, or none. */
  items: BatchItem[];
  defaults?: BatchDefaults;
  /** `fail_fast`: the first job that fails cancels those that have not started. Left out: `continue`. */
  onItemFailure?: "continue" | "fail_fast";
  /** Is sent the events of the batch, or with `webhookMode: "item"` those of each of its jobs. */
  webhookUrl?: string;
  webhookMode?: "batch" | "item";
  /** Sent again with the same batch within 24 h, it gets the same answer and makes nothing new. */
  idempotencyKey?: string;
  signal?: AbortSignal;
}

export type BatchStatus = "pending" | "processing" | "completed" | "partial" | "failed" | "cancelled";

/** A batch as `GET /v1/batches` lists it; times are ISO 8601. */
export interface Batch {
  batch_id: string;
  status: BatchStatus;
  on_item_failure: "continue" | "fail_fast";
  progress_percentage: number;
  counts: Record<"total" | JobStatus, number>;
  webhook_url: string | null;
  created_at: string;
  finished_at: string | null;
  links: { self: string; jobs: string; manifest: string };
}

export interface BatchWithItems extends Batch {
  /** In the order in which they were submitted. */
  items: {
    job_id: string;
    media_id: string;
    status: JobStatus;
    progress_percentage: number;
    error_code: string | null;
  }[];
}

export interface BatchManifest {
  batch_id: string;
  status: BatchStatus;
  finished_at: string;
  items: Pick<Job, "job_id" | "media_id" | "status" | "outputs" | "notes" | "error">[];
}

export interface BatchPage {
  batches: Batch[];
  next_cursor: string | null;
}

type Read = <T>(path: string, init?: RequestInit) => Promise<T>;

const POLL_MS = 1_000;

/** The client's methods for batches. `read` sends a request and parses its answer. */
export function batchMethods(read: Read) {
  const getBatch = (batchId: string, signal?: AbortSignal) =>
    read<BatchWithItems>(`/v1/batches/${batchId}`, { signal });
  return {
    /** Submits up to 100 jobs on stored media or URLs at once. */
    createBatch: (batch: NewBatch) => read<BatchWithItems>("/v1/batches", requestOf(batch)),
    getBatch,
    /** Newest first. */
    listBatches: (cursor?: string) => read<BatchPage>(`/v1/batches${cursor ? `?cursor=${cursor}` : ""}`),
    /** Everything that a batch made, once it has ended. */
    getBatchManifest: (batchId: string) => read<BatchManifest>(`/v1/batches/${batchId}/manifest`),
    /** Cancels what has not started; `force` also stops what runs. A batch that ended is deleted with its jobs. */
    cancelBatch: async (batchId: string, { force = false } = {}) => {
      await read(`/v1/batches/${batchId}${force ? "?force=true" : ""}`, { method: "DELETE" });
    },
    /** Tries again the jobs that failed or lost outputs; their ids. */
    retryBatch: async (batchId: string) =>
      (await read<{ job_ids: string[] }>(`/v1/batches/${batchId}/retry`, { method: "POST" })).job_ids,
    /** Looks once a second until a batch has ended, however it ended: read its `status`. */
    watchBatch: async (
      batchId: string,
      { onProgress, signal }: { onProgress?: (batch: BatchWithItems) => void; signal?: AbortSignal } = {},
    ) => {
      for (;;) {
        const batch = await getBatch(batchId, signal);
        onProgress?.(batch);
        if (batch.finished_at !== null) return batch;
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
        signal?.throwIfAborted();
      }
    },
  };
}

function requestOf(batch: NewBatch): RequestInit {
  const { items, defaults, onItemFailure, webhookUrl, webhookMode, idempotencyKey, signal } = batch;
  return {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      ...(idempotencyKey !== undefined && { "Idempotency-Key": idempotencyKey }),
    },
    body: JSON.stringify({
      items,
      defaults,
      on_item_failure: onItemFailure,
      webhook_url: webhookUrl,
      webhook_mode: webhookMode,
    }),
    signal,
  };
}
