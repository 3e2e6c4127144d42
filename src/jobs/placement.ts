import { type FailureClass, MediaError } from "../errors.ts";
import type { Lane, SlotSize } from "../schema/tasks.ts";

/** What a task is expected to take at its worst moment, bytes. */
export interface Needs {
  memoryBytes: number;
  diskBytes: number;
  /** The output that needs it, as its owner named it. */
  name?: string;
}

/** Where a task may be claimed. */
export interface Place {
  lane: Lane;
  slotSize: SlotSize;
}

const GB = 1_000_000_000;

type ContainerLane = Extract<Lane, "container-short" | "container-long">;

/**
 * What one task of a lane may take. A standard slot (6 GiB, 12 GB of disk) runs one long task beside two short ones, a
 * large one (12 GiB, 20 GB) one of each; together they stay below the shares at which a slot refuses work.
 */
export const BUDGETS = {
  standard: {
    "container-long": { memoryBytes: 3 * GB, diskBytes: 6 * GB },
    "container-short": { memoryBytes: 0.9 * GB, diskBytes: 1.5 * GB },
  },
  large: {
    "container-long": { memoryBytes: 8 * GB, diskBytes: 13 * GB },
    "container-short": { memoryBytes: 2 * GB, diskBytes: 3 * GB },
  },
} as const satisfies Record<SlotSize, Record<ContainerLane, Needs>>;

/**
 * The smallest place that a task fits into.
 *
 * @throws MediaError `impossible_output` when not even the largest is enough.
 */
export function placeFor(lane: Lane, needs: Needs | undefined): Place {
  if (!needs || !isContainerLane(lane) || fits(needs, BUDGETS.standard[lane])) {
    return { lane, slotSize: "standard" };
  }
  if (fits(needs, BUDGETS.large[lane])) return { lane, slotSize: "large" };
  const most = BUDGETS.large[lane];
  const [what, needed, allowed] =
    needs.memoryBytes > most.memoryBytes
      ? ["memory", needs.memoryBytes, most.memoryBytes]
      : ["disk", needs.diskBytes, most.diskBytes];
  throw new MediaError(
    "impossible_output",
    `${needs.name ?? "This"} would take about ${(needed / GB).toFixed(1)} GB of ${what}, and ${allowed / GB} GB are the most there are.`,
  );
}

/**
 * Where a task goes after a failure. What ran out of memory or disk goes one place up: from the isolate into a
 * container, from there into a large one. Everything else, and what is at the top, stays where it is.
 */
export function placeAfter({ lane, slotSize }: Place, failureClass: FailureClass): Place {
  if (failureClass !== "resource") return { lane, slotSize };
  if (lane === "edge") return { lane: "container-short", slotSize: "standard" };
  return { lane, slotSize: isContainerLane(lane) ? "large" : slotSize };
}

function isContainerLane(lane: Lane): lane is ContainerLane {
  return lane === "container-short" || lane === "container-long";
}

function fits(needs: Needs, budget: Needs): boolean {
  return needs.memoryBytes <= budget.memoryBytes && needs.diskBytes <= budget.diskBytes;
}
