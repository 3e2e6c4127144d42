import type { ProgressState } from "./state.ts";

/** Less than this is too little to go by: percent done in this run, and milliseconds since its first task. */
const MIN_PERCENT = 3;
const MIN_ELAPSED_MS = 500;
/** Percent done from which on the pace alone counts, and what was expected no more. */
const PACE_ALONE_PERCENT = 50;

interface Range {
  low: number;
  high: number;
}

/**
 * Seconds that are left, as a range. At first by what was expected when the job was accepted, then more and more by the
 * pace so far, whose range narrows with the share that is done. `null` when there is nothing to go by, and after the end.
 */
export function estimateRemaining(state: ProgressState, percent: number, nowMs: number): Range | null {
  if (state.status !== "pending" && state.status !== "processing") return null;
  const done = percent - state.baseline;
  const prior = expectedLeft(state, percent, nowMs);
  const pace = leftAtPace(state, percent, nowMs);
  if (!pace) return prior && whole(prior);
  if (!prior) return whole(pace);
  const share = Math.min(1, done / PACE_ALONE_PERCENT);
  return whole({
    low: share * pace.low + (1 - share) * prior.low,
    high: share * pace.high + (1 - share) * prior.high,
  });
}

/** What is left of what was expected; of a job that takes longer, the share of it that is not done yet. */
function expectedLeft(
  { expected, acceptedAtMs }: ProgressState,
  percent: number,
  nowMs: number,
): Range | null {
  if (!expected) return null;
  const passedMs = Math.max(0, nowMs - acceptedAtMs);
  const left = 1 - percent / 100;
  const highMs = passedMs < expected.highMs ? expected.highMs - passedMs : expected.highMs * left;
  return { low: Math.max(0, Math.min(expected.lowMs - passedMs, highMs)) / 1000, high: highMs / 1000 };
}

function leftAtPace(state: ProgressState, percent: number, nowMs: number): Range | null {
  if (state.startedAtMs === null) return null;
  const elapsedMs = nowMs - state.startedAtMs;
  const done = percent - state.baseline;
  if (done < MIN_PERCENT || elapsedMs < MIN_ELAPSED_MS) return null;
  const left = 100 - percent;
  const seconds = (elapsedMs / 1000) * (left / done);
  const spread = 1 + left / (left + done);
  return { low: seconds / spread, high: seconds * spread };
}

function whole({ low, high }: Range): Range {
  return { low: Math.floor(low), high: Math.ceil(high) };
}
