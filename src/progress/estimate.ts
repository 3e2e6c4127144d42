import type { ProgressState } from "./state.ts";

/** Less than this is too little to go by: percent done in this run, and milliseconds since its first task. */
const MIN_PERCENT = 3;
const MIN_ELAPSED_MS = 500;

/**
 * Seconds that are left, as a range: what has passed is projected at the pace so far, and the range is wide early
 * and narrows with the share that is done. `null` until there is something to go by, and when nothing is running.
 */
export function estimateRemaining(
  state: ProgressState,
  percent: number,
  nowMs: number,
): { low: number; high: number } | null {
  if (state.status !== "processing" || state.startedAtMs === null) return null;
  const elapsedMs = nowMs - state.startedAtMs;
  const done = percent - state.baseline;
  if (done < MIN_PERCENT || elapsedMs < MIN_ELAPSED_MS) return null;
  const left = 100 - percent;
  const seconds = (elapsedMs / 1000) * (left / done);
  const spread = 1 + left / (left + done);
  return { low: Math.floor(seconds / spread), high: Math.ceil(seconds * spread) };
}
