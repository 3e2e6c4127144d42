/**
 * How long a job will take, from how long jobs like it took: the same kind, a similar size, as many outputs. Until there
 * are such jobs, a formula stands in for them, and its weight falls with each one. Durations are milliseconds.
 */
import type { JobEstimate } from "../schema/jobs.ts";
import type { Lane } from "../schema/tasks.ts";

/** What jobs are compared by. */
export interface JobShape {
  kind: "image" | "video";
  /** Doubles with every step, see {@link sizeBucketOf}. */
  sizeBucket: number;
  outputCount: number;
  /** Of the job's first task. */
  lane: Lane;
}

/** How long jobs of a shape ran lately, and how long the lane of their first task lets one wait; oldest first. */
export interface LaneHistory {
  run: readonly number[];
  /** From acceptance to start where nothing was ahead. */
  dispatch: readonly number[];
  /** From acceptance to start, for each task that was ahead. */
  waitPerTask: readonly number[];
}

/** How many durations of a shape are remembered. */
export const KEPT_DURATIONS = 32;
/** The formula weighs as much as this many jobs. */
const FORMULA_WEIGHT = 3;
/** Of each newer job in the moving average. */
const EWMA_SHARE = 0.2;
/** What is promised over what is expected. */
const SAFETY = 1.2;

const FIRST_DISPATCH_MS = 100;
const FIRST_WAIT_PER_TASK_MS: Record<Lane, number> = {
  edge: 40,
  io: 100,
  "container-short": 700,
  "container-long": 10_000,
};

/** Image: 64 K pixels are bucket 0, and each doubling is one more; video: the same from 256 KiB. */
export function sizeBucketOf(kind: JobShape["kind"], size: number): number {
  return Math.max(0, Math.floor(Math.log2(Math.max(1, size) / (kind === "image" ? 2 ** 16 : 2 ** 18))));
}

/**
 * The estimate for a job of a shape, from its acceptance to its end. Never shorter for more tasks ahead.
 *
 * @param formulaMs what the run of it would take by formula.
 * @param tasksAhead ready or running in its first lane, that are not behind it.
 */
export function estimateJob(
  shape: JobShape,
  formulaMs: number,
  history: LaneHistory,
  tasksAhead: number,
): JobEstimate {
  const run = rangeOf(history.run, formulaMs);
  const dispatch = rangeOf(history.dispatch, FIRST_DISPATCH_MS);
  const perTask = rangeOf(history.waitPerTask, FIRST_WAIT_PER_TASK_MS[shape.lane]);
  const total = (of: keyof Range) => run[of] + dispatch[of] + tasksAhead * perTask[of];
  const expectedMs = Math.round(total("expected") * SAFETY);
  const { kind: _kind, ...kept } = shape;
  return {
    ...kept,
    basis: history.run.length > 0 ? "history" : "formula",
    samples: history.run.length,
    tasksAhead,
    waitMs: Math.round(dispatch.expected + tasksAhead * perTask.expected),
    runMs: Math.round(run.expected),
    expectedMs,
    lowMs: Math.min(expectedMs, Math.floor(total("low"))),
    highMs: Math.max(expectedMs, Math.ceil(total("high") * SAFETY)),
  };
}

/** How many of the tasks that were ahead a while ago are still, at the pace at which their lane lets others wait. */
export function tasksLeft(ahead: number, passedMs: number, lane: Lane, history: LaneHistory): number {
  const { expected } = rangeOf(history.waitPerTask, FIRST_WAIT_PER_TASK_MS[lane]);
  return Math.max(0, Math.ceil(ahead - passedMs / Math.max(1, expected)));
}

interface Range {
  low: number;
  expected: number;
  high: number;
}

/** The fewer there were, the wider: twice the formula either way when there was none. */
function rangeOf(recent: readonly number[], formulaMs: number): Range {
  const weight = recent.length / (recent.length + FORMULA_WEIGHT);
  const expected = weight * movingAverage(recent) + (1 - weight) * formulaMs;
  const doubt = 1 - weight;
  return {
    low: Math.min(expected / (1 + doubt), quantile(recent, 0.1) ?? expected),
    expected,
    high: Math.max(expected * (1 + doubt), quantile(recent, 0.9) ?? expected),
  };
}

/** Exponentially weighted, so that what changed lately counts; 0 for none. */
export function movingAverage(values: readonly number[]): number {
  return values.reduce((mean, value, i) => (i === 0 ? value : mean + EWMA_SHARE * (value - mean)), 0);
}

/** The value that a share of all values does not exceed; undefined for none. */
export function quantile(values: readonly number[], share: number): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}
