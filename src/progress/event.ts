/**
 * What happens to a job while it runs, as its {@link JobProgress} object hears it, and the snapshot that every
 * watcher (WebSocket, SSE, polling) is shown. The reduction from one to the other is `reduce.ts`.
 */
import type { JobStatus } from "../schema/jobs.ts";
import type { TaskKind, TaskState } from "../schema/tasks.ts";
import type { StageName } from "./stages.ts";

/** One task as the channel needs to know it: where it counts and how much. */
export interface TaskOutline {
  taskId: string;
  kind: TaskKind;
  stage: StageName;
  /** Share of its stage, relative to the other tasks of that stage. */
  weight: number;
  /** Where it already stands, when the outline is sent again (a retry, a rebuilt channel). Left out: `ready`. */
  state?: TaskState;
  /** Runs so far; unless `state` is `leased`, what still comes from one of them is late. Left out: 0. */
  attempt?: number;
}

export type ProgressEvent =
  /**
   * The job was accepted. `stages` in order. A second one changes nothing while the job runs; one that is younger
   * than the end of the job (an explicit retry) starts a new run of progress. `run` left out: 1. `reached` is what D1
   * knows of this run, percent: whoever begins to listen late never reports less.
   */
  | {
      type: "accepted";
      jobId: string;
      run?: number;
      reached?: number;
      stages: StageName[];
      tasks: TaskOutline[];
      /** From acceptance to the end; left out where nobody estimated it. */
      expected?: { lowMs: number; highMs: number };
      atMs: number;
    }
  /** A finished task planned more of them; `stages` are those that the job has with them. */
  | { type: "planned"; tasks: TaskOutline[]; stages?: readonly StageName[] | undefined; atMs: number }
  | {
      type: "task_started";
      taskId: string;
      attempt: number;
      leaseToken: string;
      workerId: string;
      atMs: number;
    }
  /**
   * `sequence` rises by one with every report of one attempt; `fraction` 0–1 is of the task. A task that passes
   * through several stages (an image) names the one it is in; `fraction` is then of that stage.
   */
  | {
      type: "task_progress";
      taskId: string;
      attempt: number;
      sequence: number;
      stage?: StageName;
      fraction: number;
      details?: StageDetails;
      atMs: number;
    }
  /** The worker is alive, and what it uses where that is measured; says nothing of progress. */
  | { type: "heartbeat"; taskId: string; attempt: number; usage?: ResourceUsage; atMs: number }
  /** One attempt ended: `ready` means that the task will run again. */
  | {
      type: "task_ended";
      taskId: string;
      attempt: number;
      state: Extract<TaskState, "done" | "failed" | "ready" | "cancelled">;
      atMs: number;
    }
  /** The job goes on without these outputs, and without the tasks that were for them only. */
  | { type: "outputs_failed"; outputs: FailedOutput[]; taskIds: string[]; atMs: number }
  /** The job ended. The status is D1's. */
  | { type: "job_ended"; status: Extract<JobStatus, "completed" | "failed" | "cancelled">; atMs: number };

/** An output that will not be made in this run of the job. */
export interface FailedOutput {
  name: string;
  code: string;
  message: string;
}

export interface StageDetails {
  current_operation?: string;
  processed_items?: number;
  total_items?: number;
  resolution?: string;
  bitrate_kbps?: number;
  fps?: number;
  /** Media seconds per second. */
  speed?: number;
  /** On the disks of the workers. */
  temp_bytes?: number;
}

/** What an attempt uses at a moment; of a snapshot, the sum over all that run. */
export interface ResourceUsage {
  memory_bytes?: number;
  /** 100 is one core. */
  cpu_percent?: number;
  temp_bytes?: number;
}

/** The payload that watchers receive; field names are the API's. */
export interface ProgressSnapshot {
  job_id: string;
  status: JobStatus;
  /** From 1; an explicit retry begins the next, and only then the percentage may be lower than before. */
  run: number;
  /** 0–100, one decimal; never lower than before, 100 only when the job is completed. */
  progress_percentage: number;
  current_stage: StageName | null;
  /** 0–100 within the current stage. */
  stage_percentage: number;
  stage_details: StageDetails;
  /** `null` while nothing runs that is measured. */
  resource_usage: Omit<ResourceUsage, "temp_bytes"> | null;
  /** Every stage of the job in order, each 0–100. */
  stages: { stage: StageName; percentage: number }[];
  tasks: {
    task_id: string;
    kind: TaskKind;
    stage: StageName;
    state: TaskState;
    attempt: number;
    percentage: number;
  }[];
  outputs_failed: FailedOutput[];
  estimated_remaining: { low: number; high: number } | null;
  /** Rises by one with every change that watchers are told. */
  sequence: number;
  /** When the last change happened, ISO 8601. */
  timestamp: string;
  worker_id: string | null;
}

/** A change that watchers are told: every field but `tasks` replaces the one they hold. */
export interface ProgressUpdate extends Partial<Omit<ProgressSnapshot, "sequence">> {
  sequence: number;
  /** Only the tasks that changed; merge them by `task_id`. */
  tasks?: ProgressSnapshot["tasks"];
}

/** What a WebSocket carries; on SSE `type` is the name of the event and the rest is its data. */
export type WatchMessage =
  | ({ type: "snapshot" } & ProgressSnapshot)
  | ({ type: "update" } & ProgressUpdate)
  | ({ type: "end" } & ProgressSnapshot);
