import type { ProgressEvent } from "../progress/event.ts";

/**
 * Reports of one job that come within this time travel together, ms. A small image is done sooner than a call for each
 * of its stages would take; nobody who watches can tell the difference.
 */
export const GATHER_MS = 50;

interface Unsaid {
  events: ProgressEvent[];
  /** When somebody last promised to send them. */
  promisedAtMs: number;
}

/** By job. What is lost with the isolate was only progress. */
const unsaid = new Map<string, Unsaid>();

/**
 * Keeps reports until they are sent.
 *
 * @returns whether the caller has to see to that: nobody else is about to. A promise that is overdue was made by an
 *   event that the runtime has ended since, and its timers with it.
 */
export function keepUnsaid(jobId: string, events: readonly ProgressEvent[], nowMs: number): boolean {
  const kept = unsaid.get(jobId);
  const isPromised = kept !== undefined && nowMs < kept.promisedAtMs + 2 * GATHER_MS;
  unsaid.set(jobId, {
    events: [...(kept?.events ?? []), ...events],
    promisedAtMs: isPromised ? kept.promisedAtMs : nowMs,
  });
  return !isPromised;
}

/** All that is to be said of a job, in its order; from here on it is the caller's. */
export function takeUnsaid(jobId: string): ProgressEvent[] {
  const events = unsaid.get(jobId)?.events ?? [];
  unsaid.delete(jobId);
  return events;
}
