/**
 * What one key may ask for: requests a minute, and jobs, bytes and processor time a day. Pure; the Durable Object keeps
 * what is known beforehand, and the row of the key what is known only afterwards.
 */

/** Requests that are left, of a budget that fills up evenly and holds what a minute brings. */
export interface RequestBucket {
  tokens: number;
  /** When `tokens` was true, Unix milliseconds. */
  atMs: number;
}

export interface TokenLease {
  granted: number;
  /** Left in the bucket after that. */
  remaining: number;
  /** Until the bucket is full again. */
  fullInSeconds: number;
  /** Until there is one to be had; 0 when some were granted. */
  waitSeconds: number;
}

/** Takes as many of the wanted tokens as there are. `bucket` undefined is a full one. */
export function leaseTokens(
  bucket: RequestBucket | undefined,
  perMinute: number,
  wanted: number,
  nowMs: number,
): { bucket: RequestBucket; lease: TokenLease } {
  const before = bucket ?? { tokens: perMinute, atMs: nowMs };
  const gained = (Math.max(0, nowMs - before.atMs) / 60_000) * perMinute;
  const there = Math.min(perMinute, before.tokens + gained);
  const granted = Math.max(0, Math.min(wanted, Math.floor(there)));
  const tokens = there - granted;
  const secondsFor = (missing: number) => Math.ceil((missing / perMinute) * 60);
  const lease = {
    granted,
    remaining: Math.floor(tokens),
    fullInSeconds: secondsFor(perMinute - tokens),
    waitSeconds: granted > 0 ? 0 : Math.max(1, secondsFor(1 - tokens)),
  };
  return { bucket: { tokens, atMs: Math.max(nowMs, before.atMs) }, lease };
}

/** What is counted by the day (UTC). */
export interface DayUse {
  day: number;
  jobs: number;
  bytes: number;
}

export type Spending = Pick<DayUse, "jobs" | "bytes">;
/** Left out: as much as one likes. */
export type DailyQuota = { [K in keyof Spending]?: number | undefined };

export type QuotaAnswer =
  | { allowed: true; day: number }
  /** `limit` would be passed; everything is there again in `retryAfterSeconds`. */
  | { allowed: false; limit: keyof Spending; retryAfterSeconds: number };

const DAY_MS = 86_400_000;

/** Counts what is to be spent, if all of it fits. */
export function spend(
  use: DayUse | undefined,
  quota: DailyQuota,
  wanted: Spending,
  nowMs: number,
): { use: DayUse; answer: QuotaAnswer } {
  const today = useOf(use, dayOf(nowMs));
  const after = { ...today, jobs: today.jobs + wanted.jobs, bytes: today.bytes + wanted.bytes };
  for (const limit of ["jobs", "bytes"] as const) {
    if (after[limit] <= (quota[limit] ?? Number.POSITIVE_INFINITY)) continue;
    return {
      use: today,
      answer: { allowed: false, limit, retryAfterSeconds: secondsLeftOf(today.day, nowMs) },
    };
  }
  return { use: after, answer: { allowed: true, day: today.day } };
}

/** Gives back what came to nothing, on the day on which it was spent. */
export function giveBack(use: DayUse | undefined, day: number, spent: Spending): DayUse | undefined {
  if (use?.day !== day) return use;
  return { day, jobs: Math.max(0, use.jobs - spent.jobs), bytes: Math.max(0, use.bytes - spent.bytes) };
}

/** What of a day's use is of today. */
export function spendingToday(use: DayUse | undefined, nowMs: number): Spending {
  const { jobs, bytes } = useOf(use, dayOf(nowMs));
  return { jobs, bytes };
}

/** Processor time that jobs used on a day; it is known when they have. */
export interface CpuUse {
  day: number;
  seconds: number;
}

/** What was used today, s. */
export function cpuSecondsToday(use: CpuUse, nowMs: number): number {
  return use.day === dayOf(nowMs) ? use.seconds : 0;
}

/**
 * Seconds until jobs may be submitted again; 0 while some of the quota is left. What is running goes on, so the last job
 * of a day may take its key past the quota.
 */
export function cpuWaitSeconds(secondsPerDay: number, use: CpuUse, nowMs: number): number {
  return cpuSecondsToday(use, nowMs) < secondsPerDay ? 0 : secondsLeftOf(dayOf(nowMs), nowMs);
}

function dayOf(ms: number): number {
  return Math.floor(ms / DAY_MS);
}

function secondsLeftOf(day: number, nowMs: number): number {
  return Math.ceil(((day + 1) * DAY_MS - nowMs) / 1000);
}

function useOf(use: DayUse | undefined, day: number): DayUse {
  return use?.day === day ? use : { day, jobs: 0, bytes: 0 };
}
