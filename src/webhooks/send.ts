import { LIMITS } from "../config.ts";
import type { EventRow } from "./event.ts";
import type { AttemptResult } from "./schedule.ts";
import { signatureHeader } from "./signature.ts";

/** One signed request. */
export interface SignedRequest {
  url: URL;
  body: string;
  headers: Record<string, string>;
}

export type SentResult = AttemptResult & { response?: string };

const KEPT_RESPONSE_BYTES = 1_024;

/**
 * Signs an event for one attempt: the id stays, the time is this attempt's.
 *
 * @param traceparent W3C trace context of this very request.
 */
export function signRequest(
  url: URL,
  event: Pick<EventRow, "id" | "type">,
  body: string,
  secrets: readonly string[],
  traceparent: string,
  nowMs: number,
): SignedRequest {
  const timestampS = Math.floor(nowMs / 1000);
  return {
    url,
    body,
    headers: {
      "Content-Type": "application/json",
      "User-Agent": "Darkroom-Webhooks/1.0",
      "X-Event-Type": event.type,
      "webhook-id": event.id,
      "webhook-timestamp": String(timestampS),
      "webhook-signature": signatureHeader(secrets, event.id, timestampS, body),
      traceparent,
    },
  };
}

/**
 * Sends a request and waits for its answer, at most `timeoutMs` for all of it. The status alone decides: a body that
 * breaks off or never ends takes nothing back. Redirects are not followed. Never throws.
 */
export async function sendRequest(
  { url, body, headers }: SignedRequest,
  timeoutMs: number = LIMITS.webhookTimeoutMs,
): Promise<SentResult> {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, { method: "POST", body, headers, redirect: "manual", signal });
    return {
      answered: true,
      status: response.status,
      retryAfter: response.headers.get("Retry-After") ?? undefined,
      response: await beginningOf(response),
    };
  } catch {
    return { answered: false, error: signal.aborted ? "timeout" : "network" };
  }
}

/** The first 1 KB of an answer as text, or as much of it as came; the rest is not read. */
async function beginningOf(response: Response): Promise<string> {
  if (!response.body) return "";
  const kept = new Uint8Array(KEPT_RESPONSE_BYTES);
  let bytes = 0;
  const reader = response.body.getReader();
  try {
    while (bytes < kept.length) {
      const { value, done } = await reader.read();
      if (done) break;
      const part = value.subarray(0, kept.length - bytes);
      kept.set(part, bytes);
      bytes += part.length;
    }
    await reader.cancel();
  } catch {
    // It broke off, or its time was over.
  }
  return textOf(kept, bytes);
}

/** A character that the cut went through is left out. */
function textOf(kept: Uint8Array, bytes: number): string {
  return new TextDecoder().decode(kept.subarray(0, bytes), { stream: true });
}
