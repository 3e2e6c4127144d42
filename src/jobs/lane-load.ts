import { PRIORITIES, type Priority } from "../schema/jobs.ts";
import type { Lane } from "../schema/tasks.ts";

/** From submission to start, ms. Low work has no such promise. */
export const START_SLA_MS: Record<Priority, number> = {
  urgent: 30_000,
  high: 120_000,
  normal: 600_000,
  low: Number.POSITIVE_INFINITY,
};

/** One lane at one moment. */
export interface LaneState {
  lane: Lane;
  /** Tasks that it runs at once when every worker is busy. */
  capacity: number;
  leased: number;
  /** By priority: tasks that could start now, and since when the oldest of them could, Unix milliseconds. */
  ready: Record<Priority, { count: number; oldestMs: number | undefined }>;
}

/** Share of the lane's workers that are busy, 0–1. */
export function loadOf({ leased, capacity }: Pick<LaneState, "leased" | "capacity">): number {
  return capacity === 0 ? 1 : Math.min(1, leased / capacity);
}

/** By how much the oldest ready task is over its SLA, ms; 0 when none is. */
export function overSlaMs({ ready }: Pick<LaneState, "ready">, nowMs: number): number {
  const late = PRIORITIES.map((priority) => {
    const { oldestMs } = ready[priority];
    return oldestMs === undefined ? 0 : nowMs - oldestMs - START_SLA_MS[priority];
  });
  return Math.max(0, ...late);
}
