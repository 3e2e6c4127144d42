import type { Watermark } from "../image/watermark.ts";
import type { newTaskRow } from "../jobs/new-task.ts";
import type { PlannedStep } from "./planned-step.ts";
import { LANE_OF_TASK, type TaskSpec } from "./task-spec.ts";

export type PlannedTask = Parameters<typeof newTaskRow>[0];

/** An output that steps may work on. */
export interface SteppedOutput {
  name: string;
  /** How it is made again with a logo over it; absent where that cannot be. */
  mark?: (watermark: Watermark, name: string) => Marking;
}

export interface Marking {
  lane: PlannedTask["lane"];
  spec: TaskSpec<"watermark">;
  needs?: PlannedTask["needs"];
}

/** What a marked output is called. */
export function markedName(name: string): string {
  return `watermarked_${name}`;
}

/**
 * The tasks of chained work, in the order of the steps. Each step takes what the one before it made: a watermark makes
 * `watermarked_<name>` of each output, from the original, so that nothing is compressed twice; ship delivers each.
 * An output waits for its own tasks of the steps before, and first for what `madeBy` says.
 *
 * @param madeBy ids of the tasks that must be done before the chain of an output begins
 * @param newTaskId gives a fresh id
 */
export function planSteps(
  steps: readonly PlannedStep[],
  outputs: readonly SteppedOutput[],
  madeBy: (outputName: string) => readonly string[],
  newTaskId: () => string,
): PlannedTask[] {
  let current = outputs.map((output) => ({ output, after: madeBy(output.name) }));
  const tasks: PlannedTask[] = [];
  for (const step of steps) {
    current = current.map(({ output, after }) => {
      const { task, made } = planStep(step, output, newTaskId());
      if (!task) return { output, after };
      tasks.push({ ...task, dependsOn: after });
      return { output: made, after: [task.id] };
    });
  }
  return tasks;
}

/** The outputs that the chain of an output would record: an output that is not made takes them with it. */
export function namesOfChain(steps: readonly PlannedStep[], { name, mark }: SteppedOutput): string[] {
  let current = { name, isMarkable: mark !== undefined };
  return steps.flatMap((step) => {
    if ("ship" in step) return [deliveryName(current.name)];
    if (!current.isMarkable) return [];
    current = { name: markedName(current.name), isMarkable: false };
    return [current.name];
  });
}

function deliveryName(outputName: string): string {
  return `ship:${outputName}`;
}

function planStep(
  step: PlannedStep,
  output: SteppedOutput,
  id: string,
): { task?: PlannedTask; made: SteppedOutput } {
  if ("ship" in step) {
    const spec: TaskSpec<"ship"> = { output: output.name, ...step.ship };
    const outputNames = [deliveryName(output.name)];
    return { task: { id, kind: "ship", lane: LANE_OF_TASK.ship, outputNames, spec }, made: output };
  }
  if (!output.mark) return { made: output };
  const name = markedName(output.name);
  const marking = output.mark(step.watermark, name);
  return { task: { id, kind: "watermark", outputNames: [name], ...marking }, made: { name } };
}
