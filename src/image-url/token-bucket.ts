/** What is left of a budget that fills up evenly. */
export interface Bucket {
  tokens: number;
  /** When `tokens` was true, ms since 1970. */
  atMs: number;
}

/**
 * Takes one token from a bucket that holds as many as a minute brings.
 *
 * @param bucket as it was left; undefined is a full one
 * @returns the bucket as it is now, and 0, or the seconds to wait when it was empty
 */
export function takeToken(
  bucket: Bucket | undefined,
  perMinute: number,
  nowMs: number,
): { bucket: Bucket; waitSeconds: number } {
  const before = bucket ?? { tokens: perMinute, atMs: nowMs };
  const gained = (Math.max(0, nowMs - before.atMs) / 60_000) * perMinute;
  const tokens = Math.min(perMinute, before.tokens + gained);
  const atMs = Math.max(nowMs, before.atMs);
  if (tokens >= 1) return { bucket: { tokens: tokens - 1, atMs }, waitSeconds: 0 };
  return { bucket: { tokens, atMs }, waitSeconds: Math.ceil(((1 - tokens) / perMinute) * 60) };
}
