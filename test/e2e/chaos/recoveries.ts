import type { StormReport } from "./storm.ts";

/** How long a task that ran when something was lost waited for its next attempt. */
export interface Recovery {
  taskId: string;
  attempt: number;
  of: "transcoder" | "worker";
  /** From the loss, or from when there was somebody to do it again, to the next attempt. */
  afterMs: number;
}

/**
 * Of each loss, the tasks that it interrupted. A task that is lost again and again waits longer each time, by design,
 * so that an outage does not use up its attempts: only first losses are held to the promise.
 */
export function recoveries({ losses, evidence }: Pick<StormReport, "losses" | "evidence">): Recovery[] {
  return losses.flatMap(({ of, atMs, backAtMs }) =>
    evidence.attempts.flatMap((attempt): Recovery[] => {
      const isInterrupted =
        attempt.started_at < atMs && (attempt.finished_at ?? 0) > atMs && attempt.outcome === "lost";
      const isFirst = !evidence.attempts.some(
        (other) =>
          other.task_id === attempt.task_id && other.number < attempt.number && other.outcome === "lost",
      );
      const next = evidence.attempts.find(
        (other) => other.task_id === attempt.task_id && other.number === attempt.number + 1,
      );
      if (!isInterrupted || !isFirst || !next) return [];
      const afterMs = next.started_at - backAtMs;
      return [{ taskId: attempt.task_id, attempt: attempt.number, of, afterMs }];
    }),
  );
}
