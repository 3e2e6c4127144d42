/** What must hold of jobs at every moment, between any two moments, and at the end. */
import { expect } from "vitest";
import { attemptPrefix, type JobRow, type TaskRow } from "../../src/jobs/claimed-task.ts";
import type { TaskState } from "../../src/schema.ts";
import type { EventRow, Rows } from "./rows.ts";
import type { Answers } from "./world.ts";

const ENDED = new Set(["completed", "failed", "cancelled"]);
const OVER = ["done", "failed", "cancelled"];

/** The rows of one moment agree with each other, and with what workers were told. */
export function expectConsistency(rows: Rows, answers: Answers): void {
  for (const task of rows.tasks) expectTask(task, rows);
  for (const job of rows.jobs) {
    expectJob(job, rows);
    expectEvents(
      job,
      rows,
      rows.events.filter(({ jobId }) => jobId === job.id),
    );
  }
  for (const { taskId, dependsOn } of rows.taskDependencies) {
    const task = rows.tasks.find(({ id }) => id === taskId);
    const before = rows.tasks.find(({ id }) => id === dependsOn);
    if (task && (task.attempt > 0 || task.state === "ready")) expect(before?.state).toBe("done");
  }
  const done = rows.tasks.filter(({ state }) => state === "done").map(({ leaseToken }) => leaseToken);
  expect(new Set(done)).toEqual(new Set(answers.finished.keys()));
}

/** Attempts have every number once, only a lease runs, and outputs are those of the one attempt that is done. */
function expectTask(task: TaskRow, { jobs, attempts, outputs }: Rows): void {
  const runs = attempts.filter((attempt) => attempt.taskId === task.id);
  expect(runs.map(({ number }) => number)).toEqual(runs.map((_, index) => index + 1));
  expect(runs).toHaveLength(task.attempt);
  const running = runs.filter(({ outcome }) => outcome === "running");
  expect(running.map(({ leaseToken }) => leaseToken)).toEqual(
    task.state === "leased" ? [task.leaseToken] : [],
  );
  const done = runs.filter(({ outcome }) => outcome === "done");
  expect(done).toHaveLength(task.state === "done" ? 1 : 0);
  const isCancelled = jobs.some(({ id, status }) => id === task.jobId && status === "cancelled");
  const folders = outputs
    .filter(({ taskId }) => taskId === task.id)
    .map(({ objectKey }) => folderOf(objectKey));
  const expected = isCancelled
    ? []
    : done.map((attempt) => attemptPrefix({ ...attempt, attempt: attempt.number }));
  expect(folders).toEqual(expected);
}

const folderOf = (key: string) => key.slice(0, key.lastIndexOf("/") + 1);

function expectJob(job: JobRow, { tasks }: Rows): void {
  const own = tasks.filter((task) => task.jobId === job.id);
  expect(job.finishedAt !== null).toBe(ENDED.has(job.status));
  if (job.status === "pending") expect(own.every(({ attempt }) => attempt === 0)).toBe(true);
  if (job.status === "completed") expect(own.every(({ state }) => state === "done")).toBe(true);
  if (ENDED.has(job.status)) expect(own.every(({ state }) => OVER.includes(state))).toBe(true);
  else expect(own.some(({ state }) => state === "ready" || state === "leased")).toBe(true);
  const failed = own.filter(({ state }) => state === "failed");
  const isPastDeadline = job.finishedAt !== null && job.finishedAt > job.deadlineAt;
  if (job.status === "failed" && !isPastDeadline) expect(failed).toHaveLength(1);
  if (job.status !== "failed") expect(failed).toEqual([]);
}

/** Each transition is told once: the start, each retry, and the one end. */
function expectEvents(job: JobRow, { tasks, attempts }: Rows, events: EventRow[]): void {
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
  const count = (type: string) => events.filter((event) => event.type === type).length;
  for (const status of ENDED) expect(count(`job.${status}`)).toBe(job.status === status ? 1 : 0);
  const runs = attempts.filter(({ jobId }) => jobId === job.id);
  expect(count("job.started")).toBe(runs.length > 0 ? 1 : 0);
  const broken = runs.filter(({ outcome }) => outcome === "failed" || outcome === "lost").length;
  const final = tasks.filter(({ jobId, state }) => jobId === job.id && state === "failed").length;
  expect(count("job.retry")).toBe(broken - final);
}

/** The legal transitions; `ready → ready` and the like within one round are chains of these. */
const REACHABLE: Record<TaskState, readonly TaskState[]> = {
  blocked: ["blocked", "ready", "leased", "done", "failed", "cancelled"],
  ready: ["ready", "leased", "done", "failed", "cancelled"],
  leased: ["leased", "ready", "done", "failed", "cancelled"],
  done: ["done"],
  failed: ["failed"],
  cancelled: ["cancelled"],
};

/** Nothing vanishes, what ended stays as it ended, and attempts only rise. */
export function expectSteps(before: Rows, after: Rows): void {
  for (const task of before.tasks) {
    const now = after.tasks.find(({ id }) => id === task.id);
    expect(REACHABLE[task.state]).toContain(now?.state);
    expect(now?.attempt).toBeGreaterThanOrEqual(task.attempt);
  }
  for (const job of before.jobs) {
    const now = after.jobs.find(({ id }) => id === job.id);
    if (ENDED.has(job.status)) expect(now).toEqual(job);
    if (job.status === "processing") expect(now?.status).not.toBe("pending");
  }
  // What a job promised stays, unless it was cancelled: then nothing names a file any more.
  const cancelled = new Set(after.jobs.filter(({ status }) => status === "cancelled").map(({ id }) => id));
  const kept = before.outputs.filter(({ jobId }) => !cancelled.has(jobId));
  const ids = new Set(after.outputs.map(({ id }) => id));
  expect(kept.filter(({ id }) => !ids.has(id))).toEqual([]);
  expect(after.outputs.filter(({ jobId }) => cancelled.has(jobId))).toEqual([]);
}

/** Nothing is left to do. */
export function expectEnd({ jobs, attempts }: Rows): void {
  expect(jobs.filter(({ status }) => !ENDED.has(status))).toEqual([]);
  expect(attempts.filter(({ outcome }) => outcome === "running")).toEqual([]);
}
