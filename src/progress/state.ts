/** What a channel remembers of a job: enough to reduce the next event and to draw the next snapshot. */
import type { JobStatus } from "../schema/jobs.ts";
import type { TaskKind, TaskState } from "../schema/tasks.ts";
import type { FailedOutput, ProgressEvent, ResourceUsage, StageDetails, TaskOutline } from "./event.ts";
import type { StageName } from "./stages.ts";

export interface TaskProgress {
  taskId: string;
  kind: TaskKind;
  stage: StageName;
  weight: number;
  state: TaskState;
  attempt: number;
  /** Last report of this attempt; a lower or equal one is late. */
  sequence: number;
  /** How far this attempt has come: 0–1, or for a task that walks through the stages, stages passed + fraction. */
  position: number;
  /** The furthest that any attempt of this run of the job has come; what watchers are shown. */
  shown: number;
  /** It failed or was cancelled, and the job goes on without it: it holds no stage back. */
  isGivenUp?: boolean;
  /** Of the attempt that runs, by its last heartbeat. */
  usage?: ResourceUsage;
}

export interface ProgressState {
  jobId: string;
  status: JobStatus;
  run?: number;
  stages: StageName[];
  tasks: TaskProgress[];
  outputsFailed?: FailedOutput[];
  /** The highest percentage shown in this run, not rounded; the next one is never lower. */
  reached: number;
  /** What this run of the job began with (finished tasks of an earlier run), percent. */
  baseline: number;
  /** When the run before this one ended; an end that is not younger is the same one, heard again. */
  previousEndMs: number | null;
  /** How long this run was expected to take from its acceptance. */
  expected?: { lowMs: number; highMs: number };
  acceptedAtMs: number;
  startedAtMs: number | null;
  endedAtMs: number | null;
  updatedAtMs: number;
  details: { stage: StageName; values: StageDetails } | null;
  workerId: string | null;
  /** Of the last change that watchers were told; counted by the channel. */
  sequence: number;
  /** Late, duplicate, backward and unknown events so far. */
  dropped: number;
}

type Accepted = Extract<ProgressEvent, { type: "accepted" }>;

/** The state of a job that was just accepted, or accepted again: then late events of the earlier run stay late. */
export function acceptedState(event: Accepted, earlier: ProgressState | null): ProgressState {
  const attempts = new Map(earlier?.tasks.map((task) => [task.taskId, task.attempt]));
  return {
    jobId: event.jobId,
    status: "pending",
    run: event.run ?? 1,
    outputsFailed: [],
    stages: event.stages,
    tasks: event.tasks.map((outline) => newTask(outline, event.stages, attempts.get(outline.taskId))),
    reached: event.reached ?? 0,
    baseline: 0,
    previousEndMs: earlier?.endedAtMs ?? null,
    expected: event.expected,
    acceptedAtMs: event.atMs,
    startedAtMs: null,
    endedAtMs: null,
    updatedAtMs: event.atMs,
    details: null,
    workerId: null,
    sequence: earlier?.sequence ?? 0,
    dropped: earlier?.dropped ?? 0,
  };
}

/** A task as it is before its next attempt. */
export function newTask(outline: TaskOutline, stages: readonly StageName[], knownAttempt = 0): TaskProgress {
  const { taskId, kind, stage, weight, state = "ready" } = outline;
  const attempt = Math.max(knownAttempt, outline.attempt ?? 0);
  const task = { taskId, kind, stage, weight, state, attempt, sequence: 0, position: 0, shown: 0 };
  return state === "done" ? { ...task, shown: lengthOf(task, stages) } : task;
}

/** The position at which a task is complete: 1, or for a task that walks, one for each stage it passes. */
export function lengthOf(task: Pick<TaskProgress, "kind" | "stage">, stages: readonly StageName[]): number {
  return walks(task) ? stages.length - firstStageOf(task, stages) : 1;
}

/** An `image` task is the whole job: it starts in its stage and goes through all that follow. */
export function walks(task: Pick<TaskProgress, "kind">): boolean {
  return task.kind === "image";
}

/** Index of the stage in which a task starts to count. */
export function firstStageOf(task: Pick<TaskProgress, "stage">, stages: readonly StageName[]): number {
  return Math.max(0, stages.indexOf(task.stage));
}
