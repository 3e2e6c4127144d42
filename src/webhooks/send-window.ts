import { BREAKERS } from "../breaker.ts";
import type { TargetHealth } from "./delivery.ts";

/** Deliveries that a target which answers soon has under way at once, at most. */
export const MOST_AT_ONCE = 16;
/** An answer came soon when it came within this time, ms: a good endpoint far away takes most of a second. */
export const SOON_ANSWER_MS = 2_000;

/** How many deliveries a target is sent at once before anything is known of it, and while it fails. */
export const AT_FIRST = BREAKERS.webhook.concurrent;

/**
 * How many it is sent at once after an answer: one more for each that came soon, half as many after one that did not, few
 * again after a failure.
 */
export function windowAfter(window: number, { health }: TargetHealth, durationMs: number): number {
  if (health === "unknown") return window;
  if (health !== "good") return AT_FIRST;
  return durationMs <= SOON_ANSWER_MS ? Math.min(MOST_AT_ONCE, window + 1) : Math.max(AT_FIRST, window >> 1);
}
