import { configOf, type Env } from "../config.ts";
import type { Lane, SlotSize } from "../schema/tasks.ts";

export type ContainerLane = Extract<Lane, "container-short" | "container-long">;

/** What a slot runs at once: one long task, and beside it a few short ones. */
export const SLOT_CAPACITY: Record<SlotSize, Record<ContainerLane, number>> = {
  standard: { "container-short": 2, "container-long": 1 },
  large: { "container-short": 1, "container-long": 1 },
};

/** Consumers of one queue that the platform runs at once; each works on one task at a time. */
const QUEUE_CONSUMERS = 250;

/** How many tasks of a lane run at once when everybody is busy. */
export function laneCapacity(env: Env, lane: Lane): number {
  if (lane === "edge" || lane === "io") return QUEUE_CONSUMERS;
  const { transcoderSlots, transcoderLargeSlots } = configOf(env);
  return transcoderSlots * SLOT_CAPACITY.standard[lane] + transcoderLargeSlots * SLOT_CAPACITY.large[lane];
}
