/**
 * The watch over running attempts. It goes by the clock of whoever keeps it, not by that of the workers, and by
 * signs of life alone: whether the reports mean progress is no concern of it.
 */
import type { ProgressEvent } from "./event.ts";

/** One attempt that was started, and since then has ended when there is no `leaseToken`. */
export interface WatchedTask {
  taskId: string;
  attempt: number;
  leaseToken: string | null;
  workerId: string;
  /** When the next sign of life is overdue, Unix milliseconds. */
  dueAtMs: number;
}

export interface RunningTask extends WatchedTask {
  leaseToken: string;
}

/** The watch after one event that was heard at `nowMs`; `timeoutMs` is how long a worker may be silent. */
export function watch(
  watched: readonly WatchedTask[],
  event: ProgressEvent,
  nowMs: number,
  timeoutMs: number,
): readonly WatchedTask[] {
  switch (event.type) {
    case "task_started": {
      const { taskId, attempt, leaseToken, workerId } = event;
      if (watched.some((task) => task.taskId === taskId && task.attempt >= attempt)) return watched;
      const started = { taskId, attempt, leaseToken, workerId, dueAtMs: nowMs + timeoutMs };
      return [...watched.filter((task) => task.taskId !== taskId), started];
    }
    case "task_progress":
    case "heartbeat":
      return replaced(watched, event, (task) => ({ ...task, dueAtMs: nowMs + timeoutMs }));
    case "task_ended":
      return ended(watched, event.taskId, event.attempt, nowMs);
    case "job_ended":
      return [];
    default:
      return watched;
  }
}

/** The watch without one attempt; it is remembered as ended, so that a late start of it stays out. */
export function ended(
  watched: readonly WatchedTask[],
  taskId: string,
  attempt: number,
  nowMs: number,
): readonly WatchedTask[] {
  const rest = watched.filter((task) => task.taskId !== taskId || task.attempt > attempt);
  const newer = rest.some((task) => task.taskId === taskId);
  return newer ? rest : [...rest, { taskId, attempt, leaseToken: null, workerId: "", dueAtMs: nowMs }];
}

/** The watch with the next look at one attempt put off: taking it back did not work this time. */
export function postponed(
  watched: readonly WatchedTask[],
  task: RunningTask,
  dueAtMs: number,
): readonly WatchedTask[] {
  return replaced(watched, task, (known) => ({ ...known, dueAtMs }));
}

export function runningOf(watched: readonly WatchedTask[]): RunningTask[] {
  return watched.filter((task): task is RunningTask => task.leaseToken !== null);
}

/** Unix milliseconds of the next look, or `null` when nothing runs. */
export function nextLookMs(watched: readonly WatchedTask[]): number | null {
  const running = runningOf(watched);
  return running.length === 0 ? null : Math.min(...running.map((task) => task.dueAtMs));
}

function replaced(
  watched: readonly WatchedTask[],
  of: { taskId: string; attempt: number },
  change: (task: WatchedTask) => WatchedTask,
): readonly WatchedTask[] {
  return watched.map((task) =>
    task.taskId === of.taskId && task.attempt === of.attempt ? change(task) : task,
  );
}
