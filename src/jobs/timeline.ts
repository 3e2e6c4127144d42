import type { InferSelectModel } from "drizzle-orm";
import type { FailureRecord } from "../schema/failures.ts";
import type { jobRuns } from "../schema/jobs.ts";
import type {
  AttemptRow,
  JobRow,
  OutputFailureRow,
  OutputRow,
  TaskDependencyRow,
  TaskRow,
} from "./claimed-task.ts";

/** Everything that the rows of a job say of when things happened. */
export interface JobHistory {
  job: JobRow;
  runs: readonly InferSelectModel<typeof jobRuns>[];
  tasks: readonly TaskRow[];
  dependencies: readonly TaskDependencyRow[];
  attempts: readonly AttemptRow[];
  outputs: readonly OutputRow[];
  outputFailures: readonly OutputFailureRow[];
}

/** In the order in which those of one moment are told. */
export const TIMELINE_EVENTS = [
  "job.accepted",
  "task.finished",
  "output.recorded",
  "task.failed",
  "task.lost",
  "task.retried",
  "output.failed",
  "task.cancelled",
  "job.completed",
  "job.failed",
  "job.cancelled",
  "job.retried",
  "task.ready",
  "job.started",
  "task.claimed",
] as const;

export interface TimelineEntry {
  atMs: number;
  event: (typeof TIMELINE_EVENTS)[number];
  run: number;
  task?: Pick<TaskRow, "id" | "kind" | "lane">;
  attempt?: Pick<AttemptRow, "number" | "workerId" | "peakMemoryBytes" | "cpuSeconds"> & {
    durationMs: number | null;
  };
  failure?: FailureRecord;
  /** When the task may run again. */
  retryAtMs?: number;
  output?: { name: string; bytes?: number };
}

/** What happened to a job, in order. Nothing was written down for it: the rows say it all. */
export function timelineOf(history: JobHistory): TimelineEntry[] {
  const entries = [
    ...jobEntries(history),
    ...history.tasks.flatMap((task) => [...readyEntries(history, task), ...cancelEntries(history, task)]),
    ...history.attempts.flatMap((attempt) => attemptEntries(history, attempt)),
    ...outputEntries(history),
  ];
  const rank = ({ event }: TimelineEntry) => TIMELINE_EVENTS.indexOf(event);
  return entries.toSorted((a, b) => a.atMs - b.atMs || rank(a) - rank(b));
}

function jobEntries({ job, runs }: JobHistory): TimelineEntry[] {
  const all = [...runs, { ...job, number: job.run }];
  const entries: TimelineEntry[] = [{ atMs: job.createdAt, event: "job.accepted", run: 1 }];
  for (const { number: run, startedAt, finishedAt, status, error } of all) {
    if (startedAt !== null) entries.push({ atMs: startedAt, event: "job.started", run });
    if (finishedAt === null || status === "pending" || status === "processing") continue;
    entries.push({ atMs: finishedAt, event: `job.${status}`, run, ...(error && { failure: error }) });
  }
  const retries = runs.map(({ number, retriedAt }) => ({
    atMs: retriedAt,
    event: "job.retried" as const,
    run: number + 1,
  }));
  return [...entries, ...retries];
}

/** A task is ready when it is there, its run has begun and all that it waits for is done; once a run. */
function readyEntries({ job, runs, dependencies, attempts }: JobHistory, task: TaskRow): TimelineEntry[] {
  const awaited = dependencies.filter(({ taskId }) => taskId === task.id);
  const entries: TimelineEntry[] = [];
  for (let run = 1; run <= job.run; run++) {
    const ran = attempts.some((attempt) => attempt.taskId === task.id && attempt.run === run);
    const waits = run === job.run && task.state === "ready";
    if (!ran && !waits) continue;
    const begunMs = runs.find(({ number }) => number === run - 1)?.retriedAt ?? 0;
    const doneMs = awaited.map(({ dependsOn }) => doneAt(attempts, dependsOn, run));
    const atMs = Math.max(task.createdAt, begunMs, ...doneMs);
    entries.push({ atMs, event: "task.ready", run, task });
  }
  return entries;
}

/** When a task was done, as those that waited for it in a run saw it. */
function doneAt(attempts: readonly AttemptRow[], taskId: string, run: number): number {
  const ends = attempts
    .filter((attempt) => attempt.taskId === taskId && attempt.run <= run && attempt.failure === null)
    .map(({ finishedAt }) => finishedAt ?? 0);
  return Math.max(0, ...ends);
}

/** Cancelled before anybody ran it; otherwise its attempt tells. */
function cancelEntries({ job, attempts }: JobHistory, task: TaskRow): TimelineEntry[] {
  if (task.state !== "cancelled" || task.finishedAt === null) return [];
  const told = attempts.some(
    ({ taskId, run, outcome }) => taskId === task.id && run === job.run && outcome === "cancelled",
  );
  return told ? [] : [{ atMs: task.finishedAt, event: "task.cancelled", run: job.run, task }];
}

const END_EVENTS = {
  done: "task.finished",
  failed: "task.failed",
  lost: "task.lost",
  cancelled: "task.cancelled",
} as const;

function attemptEntries({ tasks }: JobHistory, row: AttemptRow): TimelineEntry[] {
  const { run, startedAt, finishedAt, outcome, failure, retryAt } = row;
  const task = tasks.find(({ id }) => id === row.taskId);
  const attempt = { ...row, durationMs: finishedAt === null ? null : finishedAt - startedAt };
  const claimed = { ...attempt, durationMs: null, peakMemoryBytes: null, cpuSeconds: null };
  const entries: TimelineEntry[] = [{ atMs: startedAt, event: "task.claimed", run, task, attempt: claimed }];
  if (finishedAt === null || outcome === "running") return entries;
  const ended = { atMs: finishedAt, run, task, attempt };
  entries.push({ ...ended, event: END_EVENTS[outcome], ...(failure && { failure }) });
  if (retryAt !== null)
    entries.push({ atMs: finishedAt, event: "task.retried", run, task, retryAtMs: retryAt });
  return entries;
}

function outputEntries({ job, runs, tasks, attempts, outputs, outputFailures }: JobHistory): TimelineEntry[] {
  const taskOf = (taskId: string) => tasks.find(({ id }) => id === taskId);
  const recorded = outputs.map(({ taskId, name, bytes, createdAt }): TimelineEntry => {
    const maker = attempts.find((each) => each.taskId === taskId && each.finishedAt === createdAt);
    const run = maker?.run ?? 1;
    return { atMs: createdAt, event: "output.recorded", run, task: taskOf(taskId), output: { name, bytes } };
  });
  const lost = [
    ...runs.flatMap(({ number: run, outputsFailed }) => outputsFailed.map((each) => ({ ...each, run }))),
    ...outputFailures.map((each) => ({ ...each, at: each.createdAt, run: job.run })),
  ];
  const failed = lost.map(({ name, taskId, failure, at, run }): TimelineEntry => {
    return { atMs: at, event: "output.failed", run, task: taskOf(taskId), output: { name }, failure };
  });
  return [...recorded, ...failed];
}
