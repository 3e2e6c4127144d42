/** What is shown of the work of the moment, beside how far it is. */
import type { ProgressSnapshot, ResourceUsage, StageDetails } from "./event.ts";
import type { StageName } from "./stages.ts";
import { type ProgressState, type TaskProgress, walks } from "./state.ts";

/** The last report of the current stage. What it does not count itself is counted in tasks, where there are several. */
export function stageDetails(state: ProgressState, stage: StageName | null): StageDetails {
  if (stage === null) return {};
  const reported = state.details?.stage === stage ? state.details.values : {};
  const tempBytes = sumOf(state.tasks, "temp_bytes");
  return {
    ...itemsOf(state.tasks.filter((task) => task.stage === stage && !walks(task))),
    ...(tempBytes !== undefined && { temp_bytes: tempBytes }),
    ...withoutGaps(reported),
  };
}

/** The sum over all attempts that run; `null` when none of them is measured. */
export function resourceUsage(state: ProgressState): ProgressSnapshot["resource_usage"] {
  const memoryBytes = sumOf(state.tasks, "memory_bytes");
  const cpuPercent = sumOf(state.tasks, "cpu_percent");
  if (memoryBytes === undefined && cpuPercent === undefined) return null;
  return withoutGaps({ memory_bytes: memoryBytes, cpu_percent: cpuPercent });
}

function itemsOf(tasks: readonly TaskProgress[]): StageDetails {
  if (tasks.length < 2) return {};
  return {
    processed_items: tasks.filter((task) => task.state === "done").length,
    total_items: tasks.length,
  };
}

function sumOf(tasks: readonly TaskProgress[], field: keyof ResourceUsage): number | undefined {
  const values = tasks.flatMap(({ state, usage }) => (state === "leased" ? (usage?.[field] ?? []) : []));
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0);
}

function withoutGaps<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}
