/** What must hold of jobs at every moment, between any two moments, and at the end. */
import { expect } from "vitest";
import type { TaskState } from "../../src/schema.ts";
import type { Answers, Rows } from "./world.ts";

const ENDED = new Set(["completed", "failed", "cancelled"]);

/** The rows of one moment agree with each other, and with what workers were told. */
export function expectConsistency({ jobs, tasks, attempts, outputs }: Rows, answers: Answers): void {
  for (const task of tasks) {
    const runs = attempts.filter((attempt) => attempt.taskId === task.id);
    const numbers = Array.from({ length: task.attempt }, (_, index) => index + 1);
    expect(runs.map(({ number }) => number).toSorted((a, b) => a - b)).toEqual(numbers);
    const running = runs.filter(({ outcome }) => outcome === "running");
    expect(running.map(({ leaseToken }) => leaseToken)).toEqual(
      task.state === "leased" ? [task.leaseToken] : [],
    );
    const results = outputs.filter((output) => output.taskId === task.id);
    expect(results).toHaveLength(task.state === "done" ? 1 : 0);
    expect(runs.filter(({ outcome }) => outcome === "done")).toHaveLength(results.length);
  }
  for (const job of jobs) {
    const own = tasks.filter((task) => task.jobId === job.id);
    expect(job.finishedAt !== null).toBe(ENDED.has(job.status));
    if (job.status === "completed") expect(own.every(({ state }) => state === "done")).toBe(true);
    if (ENDED.has(job.status))
      expect(own.every(({ state }) => ["done", "failed", "cancelled"].includes(state))).toBe(true);
    if (job.status === "failed") expect(own.filter(({ state }) => state === "failed")).toHaveLength(1);
    if (job.status === "pending") expect(own.every(({ attempt }) => attempt === 0)).toBe(true);
  }
  const done = tasks.filter(({ state }) => state === "done").map(({ leaseToken }) => leaseToken);
  expect(new Set(done)).toEqual(new Set(answers.finished.keys()));
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
  expect(after.outputs.map(({ id }) => id)).toEqual(
    expect.arrayContaining(before.outputs.map(({ id }) => id)),
  );
}

/** Nothing is left to do. */
export function expectEnd({ jobs, attempts }: Rows): void {
  expect(jobs.filter(({ status }) => !ENDED.has(status))).toEqual([]);
  expect(attempts.filter(({ outcome }) => outcome === "running")).toEqual([]);
}
