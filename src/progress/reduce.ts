/**
 * How a job's progress follows from what its workers report. Reports travel over queues, RPC and retries: they come
 * late, twice, in any order or never. Whatever comes, the percentage never moves back within one run of the job.
 */
import type { ProgressEvent } from "./event.ts";
import { currentStageIndex, overallPercentage } from "./fractions.ts";
import { acceptedState, lengthOf, newTask, type ProgressState, type TaskProgress, walks } from "./state.ts";

export interface Reduced {
  state: ProgressState | null;
  /** Watchers would see a difference. */
  changed: boolean;
  /** They should see it at once: the job's status or its current stage changed. */
  boundary: boolean;
}

/**
 * The state after one event. Late, duplicate, backward and unknown events change nothing but the count of
 * `dropped`. Before `accepted` there is no state, and everything else is dropped.
 */
export function reduce(state: ProgressState | null, event: ProgressEvent): Reduced {
  const next = apply(state, event);
  if (!next) {
    const counted = state && { ...state, dropped: state.dropped + 1 };
    return { state: counted, changed: false, boundary: false };
  }
  if (next === state) return { state, changed: false, boundary: false };
  const after = settle(next, event.atMs);
  const boundary =
    !state || state.status !== after.status || currentStageIndex(state) !== currentStageIndex(after);
  return { state: after, changed: true, boundary };
}

/** The same state: nothing to tell. `null`: dropped. */
function apply(state: ProgressState | null, event: ProgressEvent): ProgressState | null {
  if (event.type === "accepted") return accept(state, event);
  if (!state || state.endedAtMs !== null) return null;
  switch (event.type) {
    case "planned":
      return plan(state, event);
    case "task_started":
      return start(state, event);
    case "task_progress":
      return advance(state, event);
    case "heartbeat":
      return measure(state, event);
    case "task_ended":
      return endTask(state, event);
    case "outputs_failed":
      return loseOutputs(state, event);
    case "job_ended":
      return endJob(state, event);
  }
}

type Event<T extends ProgressEvent["type"]> = Extract<ProgressEvent, { type: T }>;

function accept(state: ProgressState | null, event: Event<"accepted">): ProgressState | null {
  const retried = state !== null && state.endedAtMs !== null && event.atMs > state.endedAtMs;
  const isNextRun = state !== null && (event.run ?? 1) > (state.run ?? 1);
  if (state && !retried && !isNextRun) return null;
  const fresh = acceptedState(event, state);
  const baseline = overallPercentage(fresh);
  return { ...fresh, baseline };
}

function plan(state: ProgressState, event: Event<"planned">): ProgressState | null {
  const known = new Set(state.tasks.map((task) => task.taskId));
  const added = event.tasks.filter((outline) => !known.has(outline.taskId));
  if (added.length === 0) return null;
  const stages = event.stages ? [...event.stages] : state.stages;
  return { ...state, stages, tasks: [...state.tasks, ...added.map((outline) => newTask(outline, stages))] };
}

function start(state: ProgressState, event: Event<"task_started">): ProgressState | null {
  const task = find(state, event.taskId);
  if (!task || isFinal(task) || event.attempt <= task.attempt) return null;
  return {
    ...withTask(state, beginAttempt(task, event.attempt)),
    ...running(state, event.atMs),
    workerId: event.workerId,
  };
}

function advance(state: ProgressState, event: Event<"task_progress">): ProgressState | null {
  const task = find(state, event.taskId);
  if (!task || isFinal(task) || event.attempt < task.attempt) return null;
  // A newer attempt speaks before its start was heard: the start was lost or is late.
  const current = event.attempt > task.attempt ? beginAttempt(task, event.attempt) : task;
  if (current.state !== "leased" || event.sequence <= current.sequence) return null;
  const position = positionOf(state, task, event);
  if (position === null || position < current.position) return null;
  const moved = { ...current, sequence: event.sequence, position, shown: Math.max(current.shown, position) };
  const stage = walks(task) ? (event.stage ?? task.stage) : task.stage;
  const details = event.details ? { stage, values: event.details } : state.details;
  return { ...withTask(state, moved), ...running(state, event.atMs), details };
}

/** A sign of life is not late or backward; only what it says of a running attempt is kept. */
function measure(state: ProgressState, event: Event<"heartbeat">): ProgressState {
  const task = find(state, event.taskId);
  if (!event.usage || task?.state !== "leased" || task.attempt !== event.attempt) return state;
  return withTask(state, { ...task, usage: event.usage });
}

function endTask(state: ProgressState, event: Event<"task_ended">): ProgressState | null {
  const task = find(state, event.taskId);
  if (!task || isFinal(task) || event.attempt < task.attempt) return null;
  if (event.attempt === task.attempt && task.state !== "leased") return null;
  const shown = event.state === "done" ? lengthOf(task, state.stages) : task.shown;
  return withTask(state, { ...task, attempt: event.attempt, state: event.state, shown, usage: undefined });
}

function loseOutputs(state: ProgressState, event: Event<"outputs_failed">): ProgressState {
  if (event.outputs.length === 0 && event.taskIds.length === 0) return state;
  const known = new Set(state.outputsFailed?.map((output) => output.name));
  const lost = event.outputs.filter((output) => !known.has(output.name));
  const givenUp = new Set(event.taskIds);
  const tasks = state.tasks.map((task): TaskProgress => {
    if (!givenUp.has(task.taskId) || task.state === "done") return task;
    return { ...task, state: task.state === "failed" ? "failed" : "cancelled", isGivenUp: true };
  });
  return { ...state, tasks, outputsFailed: [...(state.outputsFailed ?? []), ...lost] };
}

function endJob(state: ProgressState, event: Event<"job_ended">): ProgressState | null {
  if (state.previousEndMs !== null && event.atMs <= state.previousEndMs) return null;
  const completed = event.status === "completed";
  const tasks = state.tasks.map((task): TaskProgress => {
    if (completed && !task.isGivenUp) return { ...task, state: "done", shown: lengthOf(task, state.stages) };
    return isFinal(task) ? task : { ...task, state: "cancelled" };
  });
  return { ...state, status: event.status, endedAtMs: event.atMs, tasks };
}

/** Where a report puts its task, or `null` when it names a stage that the job does not have. */
function positionOf(state: ProgressState, task: TaskProgress, event: Event<"task_progress">): number | null {
  if (!Number.isFinite(event.fraction)) return null;
  const fraction = Math.min(1, Math.max(0, event.fraction));
  if (!walks(task)) return fraction;
  const first = state.stages.indexOf(task.stage);
  const index = state.stages.indexOf(event.stage ?? task.stage);
  return index < 0 || index < first ? null : index - Math.max(0, first) + fraction;
}

/** What every accepted change brings along: the clock, and the floor under the percentage. */
function settle(state: ProgressState, atMs: number): ProgressState {
  return { ...state, reached: overallPercentage(state), updatedAtMs: Math.max(state.updatedAtMs, atMs) };
}

function running(state: ProgressState, atMs: number): Pick<ProgressState, "status" | "startedAtMs"> {
  return { status: "processing", startedAtMs: state.startedAtMs ?? atMs };
}

function beginAttempt(task: TaskProgress, attempt: number): TaskProgress {
  return { ...task, state: "leased", attempt, sequence: 0, position: 0, usage: undefined };
}

/** `done` stays done, and a task that failed for good or was cancelled does not run again in this run. */
function isFinal(task: TaskProgress): boolean {
  return task.state === "done" || task.state === "failed" || task.state === "cancelled";
}

function find(state: ProgressState, taskId: string): TaskProgress | undefined {
  return state.tasks.find((task) => task.taskId === taskId);
}

function withTask(state: ProgressState, task: TaskProgress): ProgressState {
  return { ...state, tasks: state.tasks.map((known) => (known.taskId === task.taskId ? task : known)) };
}
