import { type Lane, PRIORITIES, type Priority } from "../schema.ts";

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

/**
 * How long a new task of a priority will wait for its start, ms: everything of its priority or above goes first, shared
 * among the workers, and where tasks are over their SLA already, that backlog is not made up before it.
 *
 * @param meanTaskMs how long one task of the lane takes.
 */
export function expectedWaitMs(
  state: LaneState,
  priority: Priority,
  meanTaskMs: number,
  nowMs: number,
): number {
  const before = PRIORITIES.slice(0, PRIORITIES.indexOf(priority) + 1);
  const ahead = before.reduce((sum, each) => sum + state.ready[each].count, 0);
  if (ahead === 0 && loadOf(state) < 1) return 0;
  const rounds = (ahead + Math.min(state.leased, state.capacity) / 2) / Math.max(1, state.capacity);
  return Math.round(rounds * meanTaskMs + overSlaMs(state, nowMs));
}
