import type { JobRow, TaskDependencyRow, TaskRow } from "../jobs/claimed-task.ts";
import { dependencyRows, newTaskRow } from "../jobs/new-task.ts";
import type { PlannedTask } from "./plan-steps.ts";

/** The tasks that a probed video calls for, and those of its chained work behind them. */
export function addSteps<T extends { newTasks: TaskRow[]; newDependencies: TaskDependencyRow[] }>(
  planned: T,
  steps: readonly PlannedTask[],
  job: Pick<JobRow, "id" | "priority" | "createdAt">,
  nowMs: number,
): T {
  const owner = { jobId: job.id, priority: job.priority, jobCreatedAtMs: job.createdAt, nowMs };
  return {
    ...planned,
    newTasks: [...planned.newTasks, ...steps.map((task) => newTaskRow(task, owner))],
    newDependencies: [...planned.newDependencies, ...steps.flatMap(dependencyRows)],
  };
}
