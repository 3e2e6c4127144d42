import type { ProgressSnapshot } from "../progress/event.ts";
import type { JobStatus, Priority } from "../schema/jobs.ts";

/** One wanted output: a preset, fields, or a preset with fields that override it. See `/docs` for every field. */
export interface OutputRequest {
  preset?: string;
  name?: string;
  format?: string;
  /** Pixels. */
  width?: number;
  /** Pixels. */
  height?: number;
  [field: string]: unknown;
}

export interface JobOutput {
  name: string;
  /** Path on the service, such as `/outputs/job_…/thumbnail.webp`. */
  url: string;
  /** MIME type. */
  type: string;
  bytes: number;
  width: number | null;
  height: number | null;
  /** Seconds. */
  duration: number | null;
  sha256: string;
  /** Streams only: the playlist to play. */
  playback_url?: string;
  /** Streams only: the DASH manifest, where there is one. */
  dash_url?: string;
  /** Streams only: tracks of words, as WebVTT. */
  subtitles?: { name: string; language?: string; url: string; forced: boolean; default: boolean }[];
}

export interface JobFailure {
  code: string;
  class: string;
  message: string;
  failed_stage: string | null;
  retry_eligible: boolean;
  suggested_action: string;
}

/** Seconds. */
export interface SecondsRange {
  low: number;
  high: number;
}

/** A job as `GET /v1/jobs/{id}` answers it; times are ISO 8601, durations seconds. */
export interface Job {
  job_id: string;
  media_id: string;
  kind: string;
  status: JobStatus;
  priority: Priority;
  allow_partial: boolean;
  /** From 1; every explicit retry begins another. */
  run: number;
  current_stage: string | null;
  progress_percentage: number;
  estimated_duration: number;
  estimated_range: SecondsRange | null;
  /** By what has been done since; `null` when the job has ended. */
  estimated_remaining: SecondsRange | null;
  outputs: JobOutput[];
  outputs_failed: { name: string; error: JobFailure }[];
  notes: string[];
  error: JobFailure | null;
  retry_count: number;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  status_url: string;
}

/** What `POST /v1/jobs` answers. */
export interface AcceptedJob {
  job_id: string;
  media_id: string;
  status: JobStatus;
  /** The same was submitted a short while ago, and this is that job. */
  deduplicated: boolean;
  /** Seconds. */
  estimated_duration: number;
  estimated_range: SecondsRange | null;
  /** Lets a browser watch this job for 15 minutes without a key. */
  watch_token: string;
  links: { self: string; progress: string; ws: string; events: string };
}

/** What `POST /v1/jobs/{id}/retry` answers. */
export interface RetriedJob {
  job_id: string;
  status: "pending";
  run: number;
  status_url: string;
}

/** What `POST /v1/watch-tokens` answers. */
export interface WatchToken {
  token: string;
  expires_at: string;
  links: { ws: string; events?: string; progress?: string };
}

export interface JobPage {
  jobs: Job[];
  next_cursor: string | null;
}

export interface Media {
  media_id: string;
  kind: string;
  type: string;
  filename: string;
  [field: string]: unknown;
}

export type { JobStatus, Priority, ProgressSnapshot };
