import { BREAKERS } from "../breaker.ts";
import type { TargetHealth } from "./delivery.ts";

/** Deliveries that a target which answers fast has under way at once, at most. */
export const MOST_AT_ONCE = 16;
/** As a fast answer counts one that came within this time, ms. */
const FAST_MS = 500;

/** How many deliveries a target is sent at once before anything is known of it, and while it is slow or fails. */
export const AT_FIRST = BREAKERS.webhook.concurrent;

/** How many it is sent at once after an answer: one more for each that was fast, few again after any other. */
export function windowAfter(window: number, { health }: TargetHealth, durationMs: number): number {
  if (health === "unknown") return window;
  return health === "good" && durationMs <= FAST_MS ? Math.min(MOST_AT_ONCE, window + 1) : AT_FIRST;
}
