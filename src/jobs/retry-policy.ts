import type { FailureClass } from "../errors.ts";
import type { Priority } from "../schema/jobs.ts";
import type { Place } from "./placement.ts";

interface Backoff {
  /** Runs in all, the first one included, that may fail with this class. */
  attempts: number;
  baseMs: number;
  /** What the delay grows by: times this with each failure, or `linear` by `baseMs`. */
  factor: number | "linear";
  capMs: number;
  /** Fraction by which the delay is spread either way. */
  jitter: number;
}

type CountedClass = Exclude<FailureClass, "system" | "input" | "configuration">;

const BACKOFF: Record<CountedClass, Backoff> = {
  transient: { attempts: 5, baseMs: 1_000, factor: 2, capMs: 300_000, jitter: 0.2 },
  resource: { attempts: 3, baseMs: 5_000, factor: 2.5, capMs: 900_000, jitter: 0.3 },
  dependency: { attempts: 7, baseMs: 2_000, factor: 2, capMs: 600_000, jitter: 0.25 },
  codec: { attempts: 3, baseMs: 3_000, factor: 2, capMs: 180_000, jitter: 0.15 },
};

const SHIPPING: Backoff = { attempts: 5, baseMs: 10_000, factor: "linear", capMs: 600_000, jitter: 0.25 };

/** Kinds of task with a policy of their own for some classes; it goes before that of the class. */
const OWN_BACKOFF: Partial<Record<string, Partial<Record<CountedClass, Backoff>>>> = {
  // Whatever is wrong with it, the target is somebody else's: it is given time.
  ship: { transient: SHIPPING, dependency: SHIPPING },
};

/** Losing the worker is not the task's fault; only this many times in all, so that a task that kills it ends. */
const MAX_SYSTEM_FAILURES = 10;

const PRIORITY_FACTOR: Record<Priority, number> = { urgent: 0.5, high: 0.75, normal: 1, low: 1.5 };

/** How many retries of each priority run at once, in all lanes together. */
export const CONCURRENT_RETRIES: Record<Priority, number> = { urgent: 10, high: 7, normal: 5, low: 2 };

/** Share of a lane's capacity in use above which retries stay behind fresh work. */
export const RETRY_LOAD = { resource: 0.7, any: 0.85 } as const;

/** How long a retry that is due gives way to load: a lane that is always full must not starve it. */
export const RETRY_PATIENCE_MS = 5 * 60_000;

/** Longer than this nobody is left alone, whatever `Retry-After` says. */
const MAX_RETRY_AFTER_MS = 24 * 3_600_000;

export type RetryDecision =
  | {
      retry: true;
      delayMs: number;
      /** Against the policy of its class; else as the loss of a worker. */
      counted: boolean;
      /** It could not be tried at all, or its end was no fault of its own: nothing is counted, whatever `counted` says. */
      unspent?: true;
      /** Its job got on since the last loss: this one counts as the first. */
      afresh?: true;
      /** Where it goes on; left out: where it was. */
      place?: Place;
      /** What its original was refused with, where another decoder is asked for a second opinion. */
      doubt?: string;
    }
  | { retry: false; reason: "permanent" | "exhausted" };

/** How often a task has failed before the failure at hand. */
export interface FailureHistory {
  countedFailures: number;
  systemFailures: number;
}

interface Circumstances {
  /** Kind of the task: some have a policy of their own. */
  kind?: string;
  /** What the other side asked for; wins over the policy's own delay. */
  retryAfterMs?: number | undefined;
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
  { kind = "", retryAfterMs }: Circumstances = {},
): RetryDecision {
  if (failureClass === "input" || failureClass === "configuration") {
    return { retry: false, reason: "permanent" };
  }
  if (failureClass === "system") return retryLost(history.systemFailures);
  const backoff = OWN_BACKOFF[kind]?.[failureClass] ?? BACKOFF[failureClass];
  if (history.countedFailures + 1 >= backoff.attempts) return { retry: false, reason: "exhausted" };
  const delayMs =
    retryAfterMs === undefined
      ? delayOf(backoff, history.countedFailures) *
        (1 + backoff.jitter * (2 * random - 1)) *
        PRIORITY_FACTOR[priority]
      : // Never earlier than asked for.
        Math.min(retryAfterMs, MAX_RETRY_AFTER_MS) * (1 + backoff.jitter * random);
  return { retry: true, delayMs: Math.round(delayMs), counted: true };
}

/** What becomes of a task that could not be tried because what it depends on is down: it waits, and nothing is counted. */
export function waitForDependency(untilMs: number, nowMs: number, random: number): RetryDecision {
  const delayMs = Math.round(Math.max(0, untilMs - nowMs) + random * WAKE_SPREAD_MS);
  return { retry: true, delayMs, counted: false, unspent: true };
}

/** What waited for the same breaker does not come back in the same moment. */
const WAKE_SPREAD_MS = 2_000;

function delayOf({ baseMs, factor, capMs }: Backoff, failures: number): number {
  return Math.min(capMs, factor === "linear" ? baseMs * (failures + 1) : baseMs * factor ** failures);
}

/**
 * What becomes of a task whose loss says nothing of the task: it had not begun, or went down with a whole worker, which
 * a task cannot bring about. Nothing is counted.
 *
 * @param pauseMs for whoever would run it
 */
export function runAgain(pauseMs: number, random: number): RetryDecision {
  const delayMs = Math.round(pauseMs * (1 + random));
  return { retry: true, delayMs, counted: false, unspent: true };
}

const LOSS_CAP_MS = 30_000;

/** At once after the first loss; then with growing pauses, so that an outage of the workers does not use up the cap. */
function retryLost(losses: number): RetryDecision {
  if (losses + 1 >= MAX_SYSTEM_FAILURES) return { retry: false, reason: "exhausted" };
  const delayMs = losses === 0 ? 0 : Math.min(LOSS_CAP_MS, 1_000 * 2 ** losses);
  return { retry: true, delayMs, counted: false };
}
