import type { JobFailure, Priority } from "./resources.ts";

/** A failure; `detail`, what the tool said, is for keys with the scope admin. */
export type Failure = JobFailure & { detail?: string };

/** A job that failed for good, as `GET /v1/dead-letters/{job}` answers it; times are ISO 8601, durations seconds. */
export interface DeadLetter {
  job_id: string;
  media_id: string;
  kind: string;
  priority: Priority;
  output_specifications: unknown[];
  request_id: string;
  class: string;
  code: string;
  error: Failure;
  run: number;
  job_created_at: string;
  failed_at: string;
  notes: string;
  /** Null while nobody has dealt with it. */
  resolution: "reprocessed" | "cancelled" | "fixed" | null;
  resolved_at: string | null;
  diagnostics: {
    suggested_cause: string;
    next_step: string;
    retry_may_help: boolean;
    attempts_by_code: Record<string, number>;
    workers: string[];
  };
  history: {
    task_id: string;
    kind: string;
    attempt: number;
    worker_id: string;
    started_at: string;
    finished_at: string | null;
    duration: number | null;
    peak_memory_bytes: number | null;
    error: Failure | null;
  }[];
  status_url: string;
}

export interface DeadLetterPage {
  dead_letters: DeadLetter[];
  next_cursor: string | null;
}

export interface DeadLetterFilter {
  class?: string;
  code?: string;
  failed_after?: string;
  failed_before?: string;
  /** Seconds since it failed. */
  older_than?: number;
}

export interface DeadLetterOptions extends DeadLetterFilter {
  limit?: number;
  cursor?: string;
  resolution?: "open" | "reprocessed" | "cancelled" | "fixed";
}

export interface RequeueFilter extends DeadLetterFilter {
  job_ids?: string[];
  limit?: number;
}

export interface Requeued {
  requeued: { job_id: string; status: "pending"; run: number }[];
  refused: { job_id: string; reason: string }[];
  remaining: number;
}

export interface TimelineEntry {
  at: string;
  /** Such as `task.claimed`. */
  event: string;
  run: number;
  task_id?: string;
  kind?: string;
  lane?: string;
  attempt?: number;
  worker_id?: string;
  duration?: number;
  peak_memory_bytes?: number;
  /** Processor time of the processes that the attempt ran. */
  cpu_seconds?: number;
  retry_at?: string;
  output?: string;
  bytes?: number;
  error?: Failure;
}

export interface Timeline {
  job_id: string;
  run: number;
  timeline: TimelineEntry[];
}
