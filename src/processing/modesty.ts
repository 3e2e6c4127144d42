import type { TaskRow } from "../jobs/claimed-task.ts";

/**
 * How many steps below what was asked for an attempt is made. An encoder that failed is asked for less each time; what
 * ran out of memory gets a larger slot first, and only then less to do.
 */
export function stepsDown({
  retryClass,
  countedFailures,
}: Pick<TaskRow, "retryClass" | "countedFailures">): number {
  if (retryClass === "codec") return countedFailures;
  return retryClass === "resource" ? Math.max(0, countedFailures - 1) : 0;
}

/** What the owner should know of it, one sentence each. */
export function notesOnModesty(task: Pick<TaskRow, "kind" | "retryClass" | "countedFailures">): string[] {
  if (task.kind !== "transcode" || stepsDown(task) === 0) return [];
  return ["It was encoded with faster settings than asked for, because the encoder failed with those."];
}
