/** What must hold of jobs at every moment, between any two moments, and at the end. */
import { expect } from "vitest";
import type { JobRow, TaskRow } from "../../src/jobs/claimed-task.ts";
import type { TaskState } from "../../src/schema.ts";
import type { Answers, Rows } from "./world.ts";

const ENDED = new Set(["completed", "failed", "cancelled"]);
const OVER: ReadonlySet<TaskState> = new Set(["done", "failed", "cancelled"]);

/** The rows of one moment agree with each other, and with what workers were told. */
export function expectConsistency(rows: Rows, answers: Answers): void {
  for (const task of rows.tasks) expectTask(task, rows);
  for (const job of rows.jobs) {
    expectJob(job, rows);
    expect(job.run).toBe(1 + (answers.retries.get(job.id) ?? 0));
    expect(rows.jobRuns.filter(({ jobId }) => jobId === job.id)).toHaveLength(job.run - 1);
  }
  // Whoever was told that a finish counts, has it counted, unless the whole job was discarded later.
  const told = rows.attempts.filter(({ leaseToken }) => answers.finished.has(leaseToken));
  expect(told).toHaveLength(answers.finished.size);
  expect(
    told.map(({ outcome }) => outcome).filter((outcome) => !["done", "cancelled"].includes(outcome)),
  ).toEqual([]);
  const done = rows.tasks.filter(({ state }) => state === "done").map(({ leaseToken }) => leaseToken ?? "");
  expect(done.filter((token) => !answers.finished.has(token))).toEqual([]);
}

function expectTask(task: TaskRow, rows: Rows): void {
  const { jobs, tasks, attempts, outputs, outputFailures, dependencies } = rows;
  const runs = attempts.filter((attempt) => attempt.taskId === task.id);
  const numbers = Array.from({ length: task.attempt }, (_, index) => index + 1);
  expect(runs.map(({ number }) => number).toSorted((a, b) => a - b)).toEqual(numbers);
  const running = runs.filter(({ outcome }) => outcome === "running");
  expect(running.map(({ leaseToken }) => leaseToken)).toEqual(
    task.state === "leased" ? [task.leaseToken] : [],
  );
  // What a cancelled job made is discarded: nothing names it, and the attempts that made it are swept.
  const isCancelled = jobs.some(({ id, status }) => id === task.jobId && status === "cancelled");
  const made = outputs.filter((output) => output.taskId === task.id).map(({ name }) => name);
  const missed = outputFailures.filter(({ taskId }) => taskId === task.id).map(({ name }) => name);
  expect(made.filter((name) => missed.includes(name))).toEqual([]);
  if (task.state === "done" && !isCancelled)
    expect([...made, ...missed].toSorted(byName)).toEqual(task.outputNames.toSorted(byName));
  const finishes = runs.filter(({ outcome }) => outcome === "done").length;
  if (isCancelled) expect([made, missed, finishes]).toEqual([[], [], 0]);
  else if (task.state === "done") expect(finishes).toBeGreaterThanOrEqual(1);
  // Only what made some of its outputs, and was opened again for the others, has results without being done.
  else expect(made.length > 0).toBe(finishes > 0);
  const awaited = dependencies.filter(({ taskId }) => taskId === task.id).map(({ dependsOn }) => dependsOn);
  const isFree = tasks.filter(({ id }) => awaited.includes(id)).every(({ state }) => state === "done");
  if (["ready", "leased", "done"].includes(task.state)) expect(isFree).toBe(true);
  if (task.state === "blocked") expect(isFree).toBe(false);
}

function expectJob(job: JobRow, { tasks, outputs, outputFailures, deadLetters }: Rows): void {
  const own = tasks.filter((task) => task.jobId === job.id);
  const lost = own.filter(({ state }) => state === "failed" || state === "cancelled");
  const made = outputs.filter(({ jobId }) => jobId === job.id);
  expect(job.finishedAt !== null).toBe(ENDED.has(job.status));
  expect(ENDED.has(job.status)).toBe(own.every(({ state }) => OVER.has(state)));
  if (job.status === "completed" && lost.length > 0) {
    expect(job.allowPartial).toBe(true);
    expect(made.length).toBeGreaterThan(0);
  }
  if (job.status === "failed") {
    expect(lost.length).toBeGreaterThan(0);
    expect(job.error).not.toBeNull();
    if (job.allowPartial) expect(made).toEqual([]);
  }
  if (job.status === "pending" && job.run === 1) expect(own.every(({ attempt }) => attempt === 0)).toBe(true);
  // Every promised output of a job that allows partial results is made, to come, or accounted for.
  const promised = own.filter(({ state }) => OVER.has(state)).flatMap(({ outputNames }) => outputNames);
  const missing = promised.filter((name) => !made.some((output) => output.name === name));
  const accounted = outputFailures.filter(({ jobId }) => jobId === job.id).map(({ name }) => name);
  const isAccountable = job.allowPartial && job.status !== "cancelled";
  expect(accounted.toSorted(byName)).toEqual(isAccountable ? missing.toSorted(byName) : []);
  // A failed job has an open dead letter of its present run, and no other job has an open one.
  const open = deadLetters.filter(({ jobId, resolution }) => jobId === job.id && resolution === null);
  expect(open.map(({ run, error }) => ({ run, error }))).toEqual(
    job.status === "failed" ? [{ run: job.run, error: job.error }] : [],
  );
}

const byName = (a: string, b: string) => a.localeCompare(b);

/** The legal transitions; `ready → ready` and the like within one round are chains of these. */
const REACHABLE: Record<TaskState, readonly TaskState[]> = {
  blocked: ["blocked", "ready", "leased", "done", "failed", "cancelled"],
  ready: ["ready", "leased", "done", "failed", "cancelled"],
  leased: ["leased", "ready", "done", "failed", "cancelled"],
  done: ["done"],
  failed: ["failed"],
  cancelled: ["cancelled"],
};

/** Nothing vanishes, what ended stays as it ended unless its job was retried, and attempts only rise. */
export function expectSteps(before: Rows, after: Rows): void {
  const runs = new Map(before.jobs.map(({ id, run }) => [id, run]));
  const retried = new Set(
    after.jobs.filter(({ id, run }) => run > (runs.get(id) ?? run)).map(({ id }) => id),
  );
  for (const task of before.tasks) {
    const now = after.tasks.find(({ id }) => id === task.id);
    if (!retried.has(task.jobId)) expect(REACHABLE[task.state]).toContain(now?.state);
    expect(now?.attempt).toBeGreaterThanOrEqual(task.attempt);
  }
  for (const job of before.jobs) {
    if (retried.has(job.id)) continue;
    const now = after.jobs.find(({ id }) => id === job.id);
    if (ENDED.has(job.status)) expect(now).toEqual(job);
    if (job.status === "processing") expect(now?.status).not.toBe("pending");
  }
  // What a job promised stays, unless it was cancelled: then nothing names a file any more.
  const cancelled = new Set(after.jobs.filter(({ status }) => status === "cancelled").map(({ id }) => id));
  const kept = before.outputs.filter(({ jobId }) => !cancelled.has(jobId));
  expect(after.outputs.map(({ id }) => id)).toEqual(expect.arrayContaining(kept.map(({ id }) => id)));
  expect(after.outputs.filter(({ jobId }) => cancelled.has(jobId))).toEqual([]);
}

/** Nothing is left to do. */
export function expectEnd({ jobs, attempts }: Rows): void {
  expect(jobs.filter(({ status }) => !ENDED.has(status))).toEqual([]);
  expect(attempts.filter(({ outcome }) => outcome === "running")).toEqual([]);
}
