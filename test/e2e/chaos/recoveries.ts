import type { AttemptEvidence } from "./evidence.ts";
import type { Loss } from "./fragile-stack.ts";
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
 * Of each task, its first loss and what came after it. One that is lost again and again waits longer each time, by
 * design, so that an outage does not use up its attempts: only first losses are held to the promise.
 */
export function recoveries({ losses, evidence }: Pick<StormReport, "losses" | "evidence">): Recovery[] {
  return evidence.tasks.flatMap(({ id, lane }): Recovery[] => {
    const attempts = evidence.attempts.filter(({ task_id }) => task_id === id);
    const lost = attempts.find(({ outcome }) => outcome === "lost");
    const next = attempts.find(({ number }) => number === (lost?.number ?? 0) + 1);
    const loss = lost && causeOf(lost, lane, losses);
    if (!loss || !next) return [];
    // While nothing runs that could take it up, nobody can: the time counts from when there was somebody again.
    const since = losses.filter(
      ({ of, atMs }) => of === "worker" && atMs > loss.atMs && atMs < next.started_at,
    );
    const backAtMs = Math.max(loss.backAtMs, ...since.map((other) => other.backAtMs));
    return [{ taskId: id, attempt: lost.number, of: loss.of, afterMs: next.started_at - backAtMs }];
  });
}

/** The first loss that hit an attempt: what runs in the isolate has nothing to do with the transcoder. */
function causeOf(attempt: AttemptEvidence, lane: string, losses: readonly Loss[]): Loss | undefined {
  return losses.find(
    ({ of, atMs }) =>
      (of === "worker" || lane.startsWith("container")) &&
      attempt.started_at < atMs &&
      atMs < (attempt.finished_at ?? 0),
  );
}
