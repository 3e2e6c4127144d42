import type { ProgressSnapshot } from "./event.ts";
import type { ProgressState } from "./state.ts";
import { nextLookMs, type WatchedTask } from "./watch.ts";

/** Watchers hear of anything but a boundary at most this often. */
export const UPDATE_EVERY_MS = 1_000;
/** While workers are alive they hear of it at least this often, even if nothing has moved. */
export const SIGN_OF_LIFE_EVERY_MS = 5_000;
/** After the last event; a job has its deadline long before, so this is also a day after its end. */
const KEEP_MS = 24 * 3_600_000;

/** Everything that a channel stores. */
export interface Kept {
  state: ProgressState | null;
  watched: readonly WatchedTask[];
  /** What watchers were told last; updates are the difference from it. */
  told: ProgressSnapshot | null;
  toldAtMs: number;
  /** Something has changed that they were not told. */
  pending: boolean;
  heardAtMs: number;
}

export function nothingKept(): Kept {
  return { state: null, watched: [], told: null, toldAtMs: 0, pending: false, heardAtMs: 0 };
}

/** When a channel may forget everything, Unix milliseconds. */
export function stateEndsMs(kept: Kept): number {
  return kept.heardAtMs + KEEP_MS;
}

/** The earliest thing to be done: the trailing update, a look at a silent worker, the end of the day. */
export function nextDueMs(kept: Kept): number {
  const update = kept.pending ? kept.toldAtMs + UPDATE_EVERY_MS : Number.POSITIVE_INFINITY;
  return Math.min(update, nextLookMs(kept.watched) ?? Number.POSITIVE_INFINITY, stateEndsMs(kept));
}
