/**
 * How much a target may be asked of. It is closed while things go well; after many failures in a short time it opens
 * and nothing is sent; then one delivery is tried, and its end decides.
 */
export interface Breaker {
  /** Times of the latest failures, Unix milliseconds, oldest first. */
  failures: readonly number[];
  /** Nothing is sent before. */
  openUntilMs: number;
  /** It was open: one delivery at a time until one succeeds. */
  onTrial: boolean;
}

export const BREAKER = { failures: 10, windowMs: 300_000, openMs: 120_000, concurrent: 4 } as const;

export const CLOSED: Breaker = { failures: [], openUntilMs: 0, onTrial: false };

/** How many deliveries may be under way at once now. */
export function roomOf(breaker: Breaker, nowMs: number): number {
  if (nowMs < breaker.openUntilMs) return 0;
  return breaker.onTrial ? 1 : BREAKER.concurrent;
}

export function afterSuccess(breaker: Breaker, nowMs: number): Breaker {
  // One that was under way when the breaker opened says nothing of the time since.
  return nowMs < breaker.openUntilMs ? breaker : CLOSED;
}

export function afterFailure(breaker: Breaker, nowMs: number): Breaker {
  const failures = [...breaker.failures.filter((atMs) => atMs > nowMs - BREAKER.windowMs), nowMs];
  const trips = breaker.onTrial || failures.length >= BREAKER.failures;
  if (!trips || nowMs < breaker.openUntilMs) return { ...breaker, failures };
  return { failures: [], openUntilMs: nowMs + BREAKER.openMs, onTrial: true };
}

/** The target asked to be left alone for a while: that is no failure. */
export function afterPause(breaker: Breaker, untilMs: number): Breaker {
  return { ...breaker, openUntilMs: Math.max(breaker.openUntilMs, untilMs), onTrial: true };
}
