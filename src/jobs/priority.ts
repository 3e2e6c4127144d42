import { LIMITS } from "../config.ts";
import type { Priority } from "../schema/jobs.ts";

/** Points of each priority; a point is worth {@link LIMITS.headStartMs} of waiting. */
export const PRIORITY_POINTS: Record<Priority, number> = { urgent: 20, high: 10, normal: 5, low: 1 };

/**
 * The order in which ready tasks are claimed: lowest first. Urgent work overtakes, equal priorities stay first in,
 * first out, and nothing starves because the head start is finite.
 *
 * @returns Unix milliseconds, moved back by the head start of the priority.
 */
export function rankOf(createdAtMs: number, priority: Priority): number {
  return createdAtMs - PRIORITY_POINTS[priority] * LIMITS.headStartMs;
}

/** Whether a task of one priority is claimed before one of another that came a moment later. */
export function isAheadOf(earlier: Priority, later: Priority): boolean {
  return PRIORITY_POINTS[earlier] >= PRIORITY_POINTS[later];
}
