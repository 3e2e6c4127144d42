/** From tasks to stages to one percentage. */
import { scaledWeights } from "./stages.ts";
import { firstStageOf, type ProgressState, type TaskProgress, walks } from "./state.ts";

/** Just below 100 with one decimal: 100 is for completed jobs only. */
const ALMOST = 99.9;

/** How much of each stage is done, 0–1, in the order of the job's stages. */
export function stageFractions(state: ProgressState): number[] {
  return state.stages.map((_, index) => stageFraction(state, index));
}

/** The percentage before rounding: the weighted sum of the stages, never lower than what was shown. */
export function overallPercentage(state: ProgressState): number {
  if (state.status === "completed") return 100;
  const fractions = stageFractions(state);
  const sum = scaledWeights(state.stages).reduce((all, weight, i) => all + weight * (fractions[i] ?? 0), 0);
  return Math.min(ALMOST, Math.max(state.reached, sum));
}

/** Index of the earliest stage with unfinished work; the last stage when all known work is done; -1 for none. */
export function currentStageIndex(state: ProgressState): number {
  const unfinished = state.stages.findIndex((_, index) =>
    tasksOf(state, index).some((task) => fractionIn(task, state, index) < 1),
  );
  if (unfinished >= 0) return unfinished;
  const empty = stageFractions(state).findIndex((fraction) => fraction < 1);
  return empty >= 0 ? empty : state.stages.length - 1;
}

function stageFraction(state: ProgressState, index: number): number {
  const tasks = tasksOf(state, index);
  if (tasks.length === 0) return passedOver(state, index) ? 1 : 0;
  const total = tasks.reduce((sum, task) => sum + task.weight, 0);
  if (total <= 0) return tasks.every((task) => fractionIn(task, state, index) === 1) ? 1 : 0;
  // Summed as the share that is left, so that a finished stage is exactly 1 whatever the weights.
  const left = tasks.reduce((sum, task) => sum + task.weight * (1 - fractionIn(task, state, index)), 0);
  return 1 - left / total;
}

/** The tasks that count in a stage. */
function tasksOf(state: ProgressState, index: number): TaskProgress[] {
  return state.tasks.filter((task) => {
    const first = firstStageOf(task, state.stages);
    return walks(task) ? index >= first : index === first;
  });
}

function fractionIn(task: TaskProgress, state: ProgressState, index: number): number {
  if (task.isGivenUp) return 1;
  if (!walks(task)) return task.shown;
  return Math.min(1, Math.max(0, task.shown - (index - firstStageOf(task, state.stages))));
}

/** A stage without tasks counts as done once work of a later stage has started: nothing was planned for it. */
function passedOver(state: ProgressState, index: number): boolean {
  return state.tasks.some((task) => firstStageOf(task, state.stages) > index && task.shown > 0);
}
