import type { JobRow, TaskRow } from "../jobs/claimed-task.ts";
import type { ProgressEvent } from "../progress/event.ts";
import { outlineOf } from "../progress/outline.ts";
import type { StageName } from "../progress/stages.ts";

/** What a channel should have heard of a job so far, by what D1 knows of it. */
export function catchUp(job: JobRow, tasks: readonly TaskRow[], nowMs: number): ProgressEvent[] {
  return [
    {
      type: "accepted",
      jobId: job.id,
      run: job.run,
      reached: job.progressPercentage,
      stages: job.stages as StageName[],
      tasks: tasks.map(outlineOf),
      expected: job.estimate ?? undefined,
      atMs: job.run > 1 ? nowMs : job.createdAt,
    },
    ...tasks.flatMap((task) => standing(task, nowMs)),
  ];
}

function standing(task: TaskRow, nowMs: number): ProgressEvent[] {
  const { id: taskId, attempt, leaseToken } = task;
  if (task.state === "done") {
    return [{ type: "task_ended", state: "done", taskId, attempt, atMs: task.finishedAt ?? task.createdAt }];
  }
  if (task.state !== "leased" || leaseToken === null) return [];
  return [{ type: "task_started", taskId, attempt, leaseToken, workerId: task.workerId ?? "", atMs: nowMs }];
}
