import type { Priority } from "../schema/jobs.ts";
import type { Lane, TaskKind } from "../schema/tasks.ts";
import type { TaskDependencyRow, TaskRow } from "./claimed-task.ts";
import { type Needs, placeFor } from "./placement.ts";
import { rankOf } from "./priority.ts";

interface NewTask {
  id: string;
  kind: TaskKind;
  lane: Lane;
  spec: unknown;
  /** Names of the outputs that it records itself. */
  outputNames?: readonly string[];
  /** Ids of the tasks that it waits for. */
  dependsOn?: readonly string[];
  weight?: number;
  /** What it is expected to take; decides which slots may run it. */
  needs?: Needs;
}

interface TaskOwner {
  jobId: string;
  priority: Priority;
  /** When the job was accepted: later tasks of a job keep its place in the queue. */
  jobCreatedAtMs: number;
  nowMs: number;
}

/**
 * A task's first row: `ready`, or `blocked` while it waits for others.
 *
 * @throws MediaError `impossible_output` when it needs more than the largest slot has.
 */
export function newTaskRow(task: NewTask, owner: TaskOwner): TaskRow {
  return {
    id: task.id,
    jobId: owner.jobId,
    kind: task.kind,
    lane: task.lane,
    state: task.dependsOn?.length ? "blocked" : "ready",
    rank: rankOf(owner.jobCreatedAtMs, owner.priority),
    outputNames: [...(task.outputNames ?? [])],
    priority: owner.priority,
    slotSize: placeFor(task.lane, task.needs).slotSize,
    memoryBytes: task.needs?.memoryBytes ?? 0,
    diskBytes: task.needs?.diskBytes ?? 0,
    spec: task.spec,
    weight: task.weight ?? 1,
    availableAt: owner.nowMs,
    leaseToken: null,
    leaseUntil: null,
    workerId: null,
    attempt: 0,
    countedFailures: 0,
    systemFailures: 0,
    retryClass: null,
    result: null,
    createdAt: owner.nowMs,
    finishedAt: null,
  };
}

export function dependencyRows(task: NewTask): TaskDependencyRow[] {
  return (task.dependsOn ?? []).map((dependsOn) => ({ taskId: task.id, dependsOn }));
}
