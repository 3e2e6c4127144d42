import { newId } from "../id.ts";
import { footprintOf } from "../video/footprint.ts";
import type { VideoOutput } from "../video/output.ts";
import type { SourceDescription } from "../video/source.ts";
import type { ThumbnailOutput } from "../video/still-output.ts";
import type { PlannedTask } from "./plan-video.ts";
import { LANE_OF_TASK } from "./task-spec.ts";

/** One task for the stills that belong together, since choosing the best means looking at the whole video once. */
export function planStills(
  source: SourceDescription,
  outputs: readonly VideoOutput[],
  nowMs: number,
): PlannedTask[] {
  const sets = new Map<string, ThumbnailOutput[]>();
  for (const output of outputs) {
    if (output.format !== "thumbnail") continue;
    const key = output.set ?? output.name;
    sets.set(key, [...(sets.get(key) ?? []), output]);
  }
  return [...sets.values()].flatMap(([output, ...others]) => {
    if (output === undefined) return [];
    return [
      {
        id: newId("task", nowMs),
        kind: "thumbnail" as const,
        lane: LANE_OF_TASK.thumbnail,
        outputNames: [output, ...others].map(({ name }) => name),
        needs: { ...footprintOf(source, output), name: output.name },
        spec: { output, ...(others.length > 0 && { others }), source },
      },
    ];
  });
}
