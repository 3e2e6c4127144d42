import type { FailureClass } from "../errors.ts";
import type { Priority } from "../schema.ts";

interface Backoff {
  /** Runs in all, the first one included, that may fail with this class. */
  attempts: number;
  baseMs: number;
  factor: number;
  capMs: number;
  /** Fraction by which the delay is spread either way. */
  jitter: number;
}

const BACKOFF: Record<Exclude<FailureClass, "system" | "input" | "configuration">, Backoff> = {
  transient: { attempts: 5, baseMs: 1_000, factor: 2, capMs: 300_000, jitter: 0.2 },
  resource: { attempts: 3, baseMs: 5_000, factor: 2.5, capMs: 900_000, jitter: 0.3 },
  dependency: { attempts: 7, baseMs: 2_000, factor: 2, capMs: 600_000, jitter: 0.25 },
  codec: { attempts: 3, baseMs: 3_000, factor: 2, capMs: 180_000, jitter: 0.15 },
};

/** Losing the worker is not the task's fault; only this many times in all, so that a task that kills it ends. */
const MAX_SYSTEM_FAILURES = 10;

const PRIORITY_FACTOR: Record<Priority, number> = { urgent: 0.5, high: 0.75, normal: 1, low: 1.5 };

export type RetryDecision =
  | { retry: true; delayMs: number; counted: boolean }
  | { retry: false; reason: "permanent" | "exhausted" };

/** How often a task has failed before the failure at hand. */
export interface FailureHistory {
  countedFailures: number;
  systemFailures: number;
}

/**
 * Whether a failed task runs again, and when.
 *
 * @param random uniform in [0, 1), spreads retries so that they do not come back together.
 */
export function decideRetry(
  failureClass: FailureClass,
  history: FailureHistory,
  priority: Priority,
  random: number,
): RetryDecision {
  if (failureClass === "input" || failureClass === "configuration") {
    return { retry: false, reason: "permanent" };
  }
  if (failureClass === "system") return retryLost(history.systemFailures);
  const backoff = BACKOFF[failureClass];
  if (history.countedFailures + 1 >= backoff.attempts) return { retry: false, reason: "exhausted" };
  const exponential = Math.min(backoff.capMs, backoff.baseMs * backoff.factor ** history.countedFailures);
  const spread = 1 + backoff.jitter * (2 * random - 1);
  return {
    retry: true,
    delayMs: Math.round(exponential * spread * PRIORITY_FACTOR[priority]),
    counted: true,
  };
}

const LOSS_CAP_MS = 30_000;

/** At once after the first loss; then with growing pauses, so that an outage of the workers does not use up the cap. */
function retryLost(losses: number): RetryDecision {
  if (losses + 1 >= MAX_SYSTEM_FAILURES) return { retry: false, reason: "exhausted" };
  const delayMs = losses === 0 ? 0 : Math.min(LOSS_CAP_MS, 1_000 * 2 ** losses);
  return { retry: true, delayMs, counted: false };
}
