import type { JobStatus } from "../schema/jobs.ts";
import type { TaskKind, TaskState } from "../schema/tasks.ts";
import { resourceUsage, stageDetails } from "./details.ts";
import { estimateRemaining } from "./estimate.ts";
import type { FailedOutput, ProgressSnapshot } from "./event.ts";
import { currentStageIndex, overallPercentage, stageFractions } from "./fractions.ts";
import { isStageName, STAGE_OF_TASK, type StageName } from "./stages.ts";
import { firstStageOf, lengthOf, type ProgressState, type TaskProgress, walks } from "./state.ts";

/** What watchers are shown of a state. `nowMs` only moves the estimate. */
export function snapshotOf(state: ProgressState, nowMs: number): ProgressSnapshot {
  const ended = state.status === "completed";
  const fractions = stageFractions(state).map((fraction) => (ended ? 1 : fraction));
  const index = currentStageIndex(state);
  const currentStage = ended ? null : (state.stages[index] ?? null);
  return {
    job_id: state.jobId,
    status: state.status,
    run: state.run ?? 1,
    progress_percentage: oneDecimal(overallPercentage(state)),
    current_stage: currentStage,
    stage_percentage: ended ? 100 : percentage(fractions[index] ?? 0),
    stage_details: ended ? {} : stageDetails(state, currentStage),
    resource_usage: resourceUsage(state),
    stages: state.stages.map((stage, i) => ({ stage, percentage: percentage(fractions[i] ?? 0) })),
    tasks: state.tasks.map((task) => taskRow(task, state.stages)),
    outputs_failed: state.outputsFailed ?? [],
    estimated_remaining: estimateRemaining(state, overallPercentage(state), nowMs),
    sequence: state.sequence,
    timestamp: new Date(state.updatedAtMs).toISOString(),
    worker_id: state.status === "processing" ? state.workerId : null,
  };
}

/** What D1 still knows of a job whose channel is empty. */
export interface RecordedJob {
  jobId: string;
  status: JobStatus;
  run: number;
  outputsFailed: FailedOutput[];
  /** In order; names that are not stages are left out. */
  stages: readonly string[];
  currentStage: string | null;
  /** 0–100. */
  progressPercentage: number;
  /** Of the last transition, Unix milliseconds. */
  updatedAtMs: number;
  tasks: readonly { taskId: string; kind: TaskKind; state: TaskState; attempt: number }[];
}

/** The snapshot of a job from its rows: stages before the current one are complete, the rest is not known. */
export function finalSnapshot(job: RecordedJob): ProgressSnapshot {
  const stages = job.stages.filter(isStageName);
  const completed = job.status === "completed";
  const current = completed ? stages.length : Math.max(0, stages.indexOf(job.currentStage as StageName));
  return {
    job_id: job.jobId,
    status: job.status,
    run: job.run,
    progress_percentage: completed ? 100 : oneDecimal(Math.min(99.9, Math.max(0, job.progressPercentage))),
    current_stage: completed ? null : (stages[current] ?? null),
    stage_percentage: completed ? 100 : 0,
    stage_details: {},
    resource_usage: null,
    stages: stages.map((stage, index) => ({ stage, percentage: index < current ? 100 : 0 })),
    tasks: job.tasks.map((task) => ({
      task_id: task.taskId,
      kind: task.kind,
      stage: STAGE_OF_TASK[task.kind],
      state: task.state,
      attempt: task.attempt,
      percentage: task.state === "done" ? 100 : 0,
    })),
    outputs_failed: job.outputsFailed,
    estimated_remaining: null,
    sequence: 0,
    timestamp: new Date(job.updatedAtMs).toISOString(),
    worker_id: null,
  };
}

function taskRow(task: TaskProgress, stages: readonly StageName[]): ProgressSnapshot["tasks"][number] {
  const steps = Math.min(Math.floor(task.shown), lengthOf(task, stages) - 1);
  const stage = walks(task) ? stages[firstStageOf(task, stages) + steps] : undefined;
  return {
    task_id: task.taskId,
    kind: task.kind,
    stage: stage ?? task.stage,
    state: task.state,
    attempt: task.attempt,
    percentage: percentage(task.shown / Math.max(1, lengthOf(task, stages))),
  };
}

/** A fraction as percent; 100 only for a whole one. */
function percentage(fraction: number): number {
  return oneDecimal(fraction * 100);
}

/** Rounded down, so that almost done is not done; the margin is for sums such as 28.999999999999996. */
function oneDecimal(percent: number): number {
  return Math.floor(percent * 10 + 1e-6) / 10;
}
