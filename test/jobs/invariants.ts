/** What must hold of jobs at every moment, between any two moments, and at the end. */
import { expect } from "vitest";
import { attemptPrefix, type JobRow, type TaskRow } from "../../src/jobs/claimed-task.ts";
import type { TaskState } from "../../src/schema/tasks.ts";
import type { EventRow, Rows } from "./rows.ts";
import type { Answers } from "./world.ts";

const ENDED = new Set(["completed", "failed", "cancelled"]);
const OVER = ["done", "failed", "cancelled"];

/** The rows of one moment agree with each other, and with what workers were told. */
export function expectConsistency(rows: Rows, answers: Answers): void {
  for (const task of rows.tasks) expectTask(task, rows);
  for (const job of rows.jobs) {
    expectJob(job, rows);
    expectLosses(job, rows);
    expect(job.run).toBe(1 + (answers.retries.get(job.id) ?? 0));
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
  // Whoever was told that a finish counts has it counted, unless the whole job was discarded later.
  const told = rows.attempts.filter(({ leaseToken }) => answers.finished.has(leaseToken));
  expect(told).toHaveLength(answers.finished.size);
  expect(told.filter(({ outcome }) => outcome !== "done" && outcome !== "cancelled")).toEqual([]);
  const done = rows.tasks.filter(({ state }) => state === "done").map(({ leaseToken }) => leaseToken ?? "");
  expect(done.filter((token) => !answers.finished.has(token))).toEqual([]);
}

/** Attempts have every number once, only a lease runs, and outputs are those of attempts that are done. */
function expectTask(task: TaskRow, { jobs, attempts, outputs, outputFailures }: Rows): void {
  const runs = attempts.filter((attempt) => attempt.taskId === task.id);
  expect(runs.map(({ number }) => number)).toEqual(runs.map((_, index) => index + 1));
  expect(runs).toHaveLength(task.attempt);
  const running = runs.filter(({ outcome }) => outcome === "running");
  expect(running.map(({ leaseToken }) => leaseToken)).toEqual(
    task.state === "leased" ? [task.leaseToken] : [],
  );
  // What a cancelled job made is discarded: nothing names it, and the attempts that made it are swept.
  const isCancelled = jobs.some(({ id, status }) => id === task.jobId && status === "cancelled");
  const done = runs.filter(({ outcome }) => outcome === "done");
  const made = outputs.filter(({ taskId }) => taskId === task.id);
  const missed = outputFailures.filter(({ taskId }) => taskId === task.id);
  if (isCancelled) expect([done, made, missed]).toEqual([[], [], []]);
  else if (task.state === "done") {
    expect(done.length).toBeGreaterThan(0);
    const names = [...made, ...missed].map(({ name }) => name);
    expect(names.toSorted(byName)).toEqual(task.outputNames.toSorted(byName));
  } else expect(made.length > 0).toBe(done.length > 0 && task.outputNames.length > 0);
  const own = done.map((attempt) => attemptPrefix({ ...attempt, attempt: attempt.number }));
  expect(made.map(({ objectKey }) => folderOf(objectKey)).filter((folder) => !own.includes(folder))).toEqual(
    [],
  );
}

const byName = (a: string, b: string) => a.localeCompare(b);
const folderOf = (key: string) => key.slice(0, key.lastIndexOf("/") + 1);

function expectJob(job: JobRow, { tasks, outputs, jobRuns }: Rows): void {
  const own = tasks.filter((task) => task.jobId === job.id);
  const made = outputs.filter(({ jobId }) => jobId === job.id);
  const lost = own.filter(({ state }) => state === "failed" || state === "cancelled");
  expect(job.finishedAt !== null).toBe(ENDED.has(job.status));
  expect(jobRuns.filter(({ jobId }) => jobId === job.id)).toHaveLength(job.run - 1);
  if (job.status === "pending" && job.run === 1) expect(own.every(({ attempt }) => attempt === 0)).toBe(true);
  if (ENDED.has(job.status)) expect(own.every(({ state }) => OVER.includes(state))).toBe(true);
  else expect(own.some(({ state }) => state === "ready" || state === "leased")).toBe(true);
  if (job.status === "completed" && lost.length > 0) {
    expect(job.allowPartial).toBe(true);
    expect(made.length).toBeGreaterThan(0);
  }
  if (job.status === "failed") {
    expect(job.error).not.toBeNull();
    expect(lost.length).toBeGreaterThan(0);
    if (job.allowPartial) expect(made).toEqual([]);
  }
  if (!job.allowPartial && job.status !== "failed")
    expect(own.filter(({ state }) => state === "failed")).toEqual([]);
}

/** What was promised is made, to come, or accounted for; what failed can be found and asked for again. */
function expectLosses(job: JobRow, { tasks, outputs, outputFailures, deadLetters }: Rows): void {
  const ended = tasks.filter(({ jobId, state }) => jobId === job.id && OVER.includes(state));
  const there = new Set(outputs.filter(({ jobId }) => jobId === job.id).map(({ name }) => name));
  const missing = ended.flatMap(({ outputNames }) => outputNames).filter((name) => !there.has(name));
  const accounted = outputFailures.filter(({ jobId }) => jobId === job.id).map(({ name }) => name);
  const isAccountable = job.allowPartial && job.status !== "cancelled";
  expect(accounted.toSorted(byName)).toEqual(isAccountable ? missing.toSorted(byName) : []);
  const open = deadLetters.filter(({ jobId, resolution }) => jobId === job.id && resolution === null);
  expect(open.map(({ run, error }) => ({ run, error }))).toEqual(
    job.status === "failed" ? [{ run: job.run, error: job.error }] : [],
  );
}

/** Each transition is told once: the start of each run, each retry, and the one end of each run. */
function expectEvents(job: JobRow, { attempts, jobRuns }: Rows, events: EventRow[]): void {
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
  const count = (type: string) => events.filter((event) => event.type === type).length;
  const ends = [...jobRuns.filter(({ jobId }) => jobId === job.id), job];
  for (const status of ENDED)
    expect(count(`job.${status}`)).toBe(ends.filter((end) => end.status === status).length);
  const runs = attempts.filter(({ jobId }) => jobId === job.id);
  expect(count("job.started")).toBe(new Set(runs.map(({ run }) => run)).size);
  const again = runs.filter(({ retryAt }) => retryAt !== null).length;
  expect(count("job.retry")).toBe(again + job.run - 1);
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

/** Nothing vanishes, what ended stays as it ended unless its job is retried, and attempts only rise. */
export function expectSteps(before: Rows, after: Rows): void {
  const runs = new Map(before.jobs.map(({ id, run }) => [id, run]));
  const isRetried = ({ id, run }: JobRow) => run > (runs.get(id) ?? run);
  const retried = new Set(after.jobs.filter(isRetried).map(({ id }) => id));
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
  const ids = new Set(after.outputs.map(({ id }) => id));
  expect(kept.filter(({ id }) => !ids.has(id))).toEqual([]);
  expect(after.outputs.filter(({ jobId }) => cancelled.has(jobId))).toEqual([]);
}

/** Nothing is left to do. */
export function expectEnd({ jobs, attempts }: Rows): void {
  expect(jobs.filter(({ status }) => !ENDED.has(status))).toEqual([]);
  expect(attempts.filter(({ outcome }) => outcome === "running")).toEqual([]);
}
