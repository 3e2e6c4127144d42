import { monotonicFactory } from "ulid";

const PREFIXES = {
  media: "med",
  job: "job",
  batch: "bat",
  task: "tsk",
  upload: "upl",
  request: "req",
  key: "key",
  output: "out",
  event: "evt",
  webhook: "whk",
  secret: "sec",
  delivery: "dlv",
  destination: "dst",
  receipt: "rcp",
  activity: "act",
} as const;

const next = monotonicFactory();

/** An opaque id that sorts by time: a prefix and a ULID, such as `job_01j9…`. */
export function newId(kind: keyof typeof PREFIXES, nowMs: number = Date.now()): string {
  return `${PREFIXES[kind]}_${next(nowMs).toLowerCase()}`;
}

/** Whether a string from a URL can be an id of this kind; anything else need not reach the database. */
export function isId(kind: keyof typeof PREFIXES, value: string): boolean {
  const prefix = PREFIXES[kind];
  return value.startsWith(`${prefix}_`) && /^[0-9a-hjkmnp-tv-z]{26}$/.test(value.slice(prefix.length + 1));
}
