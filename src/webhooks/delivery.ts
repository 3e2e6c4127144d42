import type { Config } from "../config.ts";
import { log } from "../log.ts";
import { policyOf } from "./check-url.ts";
import type { Conclusion } from "./conclude-deliveries.ts";
import type { ClaimedDelivery, DeliveryRow } from "./deliveries.ts";
import { type EventRow, envelopeBody } from "./event.ts";
import { checkAddress, type Resolve } from "./resolve.ts";
import { decideDelivery, retryAfterMs } from "./schedule.ts";
import { activeSecrets, ensureDefaultSecret } from "./secrets.ts";
import { type SentResult, sendRequest, signRequest } from "./send.ts";
import { checkTarget } from "./target.ts";
import { childOf } from "./trace.ts";

/** What a delivery needs of the world. */
export interface DeliveryContext {
  d1: D1Database;
  config: Pick<Config, "publicOrigin" | "webhookLoopback" | "webhookPorts">;
  /** Absent: hosts are judged by name only. */
  resolve: Resolve | undefined;
  now(): number;
  random(): number;
}

/** What an attempt says of its target, for the breaker. */
export type TargetHealth =
  | { health: "good" | "bad" | "unknown" }
  /** It asked to be left alone until then, Unix milliseconds. */
  | { health: "paused"; untilMs: number };

/** One attempt of a delivery: what is to be written down of it, and what it says of its target. */
export interface Attempted {
  conclusion: Conclusion;
  health: TargetHealth;
  durationMs: number;
}

/** Makes one attempt of a claimed delivery. */
export async function attemptDelivery(
  context: DeliveryContext,
  claimed: ClaimedDelivery,
): Promise<Attempted> {
  const { delivery, event } = claimed;
  if (!claimed.isWanted) {
    const end = { state: "discarded" } as const;
    const conclusion = { delivery, attempt: undefined, end, isGone: false };
    return { conclusion, health: { health: "unknown" }, durationMs: 0 };
  }
  const at = context.now();
  const result = await send(context, claimed);
  const nowMs = context.now();
  const durationMs = nowMs - at;
  const decision = decideDelivery(event.type, delivery.scheduled - 1, result, nowMs, context.random());
  const end: Conclusion["end"] =
    decision.next === "retry"
      ? { state: "waiting", nextAtMs: nowMs + decision.delayMs }
      : { state: decision.next === "delivered" ? "delivered" : "failed" };
  const attempt = {
    deliveryId: delivery.id,
    number: delivery.attempts,
    at,
    durationMs,
    status: result.answered ? result.status : null,
    error: result.answered ? null : result.error,
    response: result.response ?? null,
  };
  if (end.state !== "delivered") logFailure(delivery, event, result, end);
  const conclusion = { delivery, attempt, end, isGone: decision.next === "gone" };
  return { conclusion, health: healthOf(result, nowMs), durationMs };
}

async function send(context: DeliveryContext, claimed: ClaimedDelivery): Promise<SentResult> {
  const { config, resolve } = context;
  const { delivery, event } = claimed;
  const policy = policyOf(config);
  // The rules or the name's addresses may have changed since the URL was registered.
  const check = checkTarget(delivery.url, policy);
  if (!check.allowed) return { answered: false, error: "refused" };
  const address = await checkAddress(check.url, policy, resolve);
  if (address === "private") return { answered: false, error: "refused" };
  if (address === "unresolved") return { answered: false, error: "unresolved" };
  const keys = claimed.secrets.length > 0 ? claimed.secrets : await firstSecrets(context, delivery);
  const body = envelopeBody(event, config.publicOrigin);
  return await sendRequest(signRequest(check.url, event, body, keys, childOf(event), context.now()));
}

/** An owner's default secret is made when it is first needed. */
async function firstSecrets({ d1, now }: DeliveryContext, delivery: DeliveryRow): Promise<string[]> {
  if (delivery.endpointId === null) await ensureDefaultSecret(d1, delivery.owner, now());
  return (await activeSecrets(d1, delivery, now())).map(({ secret }) => secret);
}

/** A 4xx other than 408 and 429 is an answer by a target that is well; it only does not want this. */
function healthOf(result: SentResult, nowMs: number): TargetHealth {
  if (!result.answered) return { health: result.error === "refused" ? "unknown" : "bad" };
  const pauseMs = retryAfterMs(result, nowMs);
  if (pauseMs !== undefined) return { health: "paused", untilMs: nowMs + pauseMs };
  const isUnwell = result.status >= 500 || result.status === 408 || result.status === 429;
  return { health: isUnwell ? "bad" : "good" };
}

function logFailure(
  delivery: DeliveryRow,
  event: EventRow,
  result: SentResult,
  end: Conclusion["end"],
): void {
  log("warn", "webhooks", "attempt_failed", {
    request_id: event.correlationId,
    job_id: event.jobId ?? undefined,
    delivery_id: delivery.id,
    attempt: delivery.attempts,
    status: result.answered ? result.status : result.error,
    outcome: end.state,
  });
}
