/** The retry policy as its specification has it, held against the attempts that were really made. */
import { expect } from "vitest";
import type { FailureClass } from "../../src/errors.ts";
import type { AttemptRow } from "../../src/jobs/claimed-task.ts";
import type { Rows } from "./rows.ts";

/** Attempts in all at which a failure of the class ends the task. */
const ATTEMPTS: Record<FailureClass, number> = {
  transient: 5,
  resource: 3,
  dependency: 7,
  codec: 3,
  system: 10,
  input: 1,
  configuration: 1,
};

/**
 * A task is run again exactly while its policy allows it: never once more, and never given up before. An explicit retry
 * of its job begins a new budget.
 */
export function expectPolicy({ tasks, attempts }: Rows): void {
  for (const task of tasks) {
    const runs = attempts.filter(({ taskId }) => taskId === task.id);
    const broken = runs.filter(({ outcome }) => outcome === "failed" || outcome === "lost");
    for (const [index, run] of broken.entries()) {
      const sameRun = broken.slice(0, index).filter((before) => before.run === run.run);
      expect(mayRunAgain(run, sameRun)).toBe(run.retryAt !== null);
      const isLast = task.state === "failed" && index === broken.length - 1;
      if (isLast) expect(run.retryAt).toBeNull();
    }
  }
}

function mayRunAgain(run: AttemptRow, before: AttemptRow[]): boolean {
  const failureClass = (run.failure?.class ?? "input") as FailureClass;
  const isPermanent = failureClass === "input" || failureClass === "configuration";
  const counted = before.filter(({ outcome }) => outcome === run.outcome).length;
  return !isPermanent && counted + 1 < ATTEMPTS[failureClass];
}
