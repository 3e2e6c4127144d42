/**
 * How much something outside may be asked of. A breaker is closed while things go well; after many failures in a
 * short time it opens and nobody asks; then one is let through (half-open), and its end decides.
 */
export interface Breaker {
  /** Times of the latest failures, Unix milliseconds, oldest first. */
  failures: readonly number[];
  /** Nobody asks before. */
  openUntilMs: number;
  /** It was open: one at a time until one succeeds. */
  onTrial: boolean;
}

export interface BreakerPolicy {
  /** So many failures within the window open it. */
  failures: number;
  windowMs: number;
  /** For how long it then stays open. */
  openMs: number;
  /** How many may ask at once while it is closed. */
  concurrent: number;
}

/** One for each kind of thing that can be down while the rest works. */
export const BREAKERS = {
  /** A webhook endpoint; one that answers fast is sent more at once (`webhooks/send-window.ts`). */
  webhook: { failures: 10, windowMs: 300_000, openMs: 120_000, concurrent: 4 },
  storage: { failures: 3, windowMs: 30_000, openMs: 60_000, concurrent: Number.POSITIVE_INFINITY },
  d1: { failures: 3, windowMs: 45_000, openMs: 45_000, concurrent: Number.POSITIVE_INFINITY },
  /** A host that outputs are delivered to. */
  ship: { failures: 5, windowMs: 60_000, openMs: 60_000, concurrent: Number.POSITIVE_INFINITY },
  /** A host that originals are fetched from. */
  source: { failures: 5, windowMs: 60_000, openMs: 60_000, concurrent: Number.POSITIVE_INFINITY },
} as const satisfies Record<string, BreakerPolicy>;

export const CLOSED: Breaker = { failures: [], openUntilMs: 0, onTrial: false };

export type BreakerState = "closed" | "open" | "half_open";

export function stateOf(breaker: Breaker, nowMs: number): BreakerState {
  if (nowMs < breaker.openUntilMs) return "open";
  return breaker.onTrial ? "half_open" : "closed";
}

/** How many may ask at once now. */
export function roomOf(breaker: Breaker, policy: Pick<BreakerPolicy, "concurrent">, nowMs: number): number {
  const room = { open: 0, half_open: 1, closed: policy.concurrent };
  return room[stateOf(breaker, nowMs)];
}

export function afterSuccess(breaker: Breaker, nowMs: number): Breaker {
  // One that was under way when the breaker opened says nothing of the time since.
  return nowMs < breaker.openUntilMs ? breaker : CLOSED;
}

export function afterFailure(breaker: Breaker, policy: BreakerPolicy, nowMs: number): Breaker {
  const failures = [...breaker.failures.filter((atMs) => atMs > nowMs - policy.windowMs), nowMs];
  const trips = breaker.onTrial || failures.length >= policy.failures;
  if (!trips || nowMs < breaker.openUntilMs) return { ...breaker, failures };
  return { failures: [], openUntilMs: nowMs + policy.openMs, onTrial: true };
}

/** It asked to be left alone for a while: that is no failure. */
export function afterPause(breaker: Breaker, untilMs: number): Breaker {
  return { ...breaker, openUntilMs: Math.max(breaker.openUntilMs, untilMs), onTrial: true };
}

/** A breaker that is asked for leave from many places, none of which knows of the others. */
export interface Gate {
  breaker: Breaker;
  /** While it is half-open: until when the one that was let through has time to report. */
  trialUntilMs: number;
}

export const OPEN_GATE: Gate = { breaker: CLOSED, trialUntilMs: 0 };

export type Admission =
  | { admitted: true; gate: Gate }
  /** Ask again at `untilMs`, Unix milliseconds. */
  | { admitted: false; untilMs: number };

/** Lets everybody through while the breaker is closed, nobody while it is open, one at a time while it is half-open. */
export function admit(gate: Gate, trialMs: number, nowMs: number): Admission {
  const { breaker, trialUntilMs } = gate;
  switch (stateOf(breaker, nowMs)) {
    case "closed":
      return { admitted: true, gate };
    case "open":
      return { admitted: false, untilMs: breaker.openUntilMs };
    case "half_open":
      if (nowMs < trialUntilMs) return { admitted: false, untilMs: trialUntilMs };
      return { admitted: true, gate: { breaker, trialUntilMs: nowMs + trialMs } };
  }
}
