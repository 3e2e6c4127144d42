import type { EventType } from "../schema/webhooks.ts";

/** What came of one request. */
export type AttemptResult =
  | { answered: true; status: number; retryAfter: string | undefined }
  /** No answer: the word says why. `refused` means that the target may not be spoken to, and nothing was sent. */
  | { answered: false; error: "timeout" | "network" | "unresolved" | "refused" };

export type DeliveryDecision =
  | { next: "delivered" }
  | { next: "retry"; delayMs: number }
  | { next: "failed" }
  /** 410: the endpoint wants no more of anything. */
  | { next: "gone" };

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** Doubling from a minute; ten of them end after 17 hours, with jitter still within a day. */
const DELAYS_MS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512].map((minutes) => minutes * MINUTE_MS);

/** Attempts after the first. What is only informational is not repeated: the next one says more. */
export const RETRIES: Record<EventType, number> = {
  "job.started": 5,
  "job.retry": 5,
  "media.ready": 5,
  "media.rejected": 5,
  "upload.expired": 5,
  "job.completed": 10,
  "job.failed": 10,
  "job.cancelled": 10,
  "batch.completed": 10,
  "batch.failed": 10,
  "job.progress": 0,
  "batch.progress": 0,
  "webhook.ping": 0,
};

/** Fraction by which a delay is spread either way. */
const JITTER = 0.2;

/**
 * What becomes of a delivery after an attempt. Only 2xx is success. A redirect is a failure that is tried again, like
 * 408, 429, 5xx and no answer at all; any other 4xx would be answered the same again.
 *
 * @param retries attempts so far, beyond the first, since the delivery was asked for.
 * @param random uniform in [0, 1), spreads retries so that they do not come back together.
 */
export function decideDelivery(
  type: EventType,
  retries: number,
  result: AttemptResult,
  nowMs: number,
  random: number,
): DeliveryDecision {
  if (result.answered) {
    if (result.status >= 200 && result.status < 300) return { next: "delivered" };
    if (result.status === 410) return { next: "gone" };
  }
  if (!isWorthRepeating(result) || retries >= RETRIES[type]) return { next: "failed" };
  const askedMs = result.answered ? retryAfterMs(result, nowMs) : undefined;
  if (askedMs !== undefined) return { next: "retry", delayMs: Math.round(askedMs * (1 + JITTER * random)) };
  const delayMs = DELAYS_MS[retries] ?? DAY_MS;
  return { next: "retry", delayMs: Math.round(delayMs * (1 + JITTER * (2 * random - 1))) };
}

function isWorthRepeating(result: AttemptResult): boolean {
  if (!result.answered) return result.error !== "refused";
  const { status } = result;
  return status < 400 || status === 408 || status === 429 || status >= 500;
}

/**
 * How long a target asked to be left alone, in milliseconds: with 429 and 503, `Retry-After` in seconds or as an HTTP
 * date (RFC 9110 §10.2.3), at least a second and at most a day.
 */
export function retryAfterMs(
  { status, retryAfter }: { status: number; retryAfter: string | undefined },
  nowMs: number,
): number | undefined {
  if (retryAfter === undefined || (status !== 429 && status !== 503)) return undefined;
  const text = retryAfter.trim();
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.min(DAY_MS, Math.max(1_000, ms));
}
