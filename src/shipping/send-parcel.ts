import { configOf, type Env, LIMITS } from "../config.ts";
import { MediaError } from "../errors.ts";
import { policyOf } from "../webhooks/check-url.ts";
import { checkAddress, dnsOverHttps } from "../webhooks/resolve.ts";
import { retryAfterMs } from "../webhooks/schedule.ts";
import { checkTarget } from "../webhooks/target.ts";

/** One request that carries a file. */
export interface ParcelRequest {
  url: URL;
  method: "POST" | "PUT";
  headers: Record<string, string>;
  /** A stream of known length. */
  body: ReadableStream<Uint8Array>;
  /** Of the body. */
  bytes: number;
}

/** Slower than this nobody is waited for, bytes a second. */
const LEAST_RATE = 1_000_000;
const KEPT_ANSWER_BYTES = 1_024;

/**
 * Sends a file and waits until it is taken: 15 s, and a second more for each megabyte. Only 2xx is success; redirects
 * are not followed.
 *
 * @throws MediaError `ship_failed` for what may be otherwise next time (no answer, 408, 425, 429, 5xx), with what
 *   `Retry-After` asked for; `ship_refused` for any other answer
 */
export async function sendParcel({ url, method, headers, body, bytes }: ParcelRequest): Promise<void> {
  const timeoutMs = LIMITS.shipTimeoutMs + Math.floor(bytes / LEAST_RATE) * 1_000;
  const signal = AbortSignal.timeout(timeoutMs);
  let response: Response;
  try {
    response = await fetch(url, { method, headers, body, redirect: "manual", signal });
  } catch (cause) {
    const reason = signal.aborted ? `did not answer within ${timeoutMs / 1_000} s` : "could not be reached";
    throw new MediaError("ship_failed", `${url.host} ${reason}.`, { privateDetail: String(cause), cause });
  }
  const answer = await beginningOf(response, signal);
  if (response.ok) return;
  throw refusal(url, response, answer);
}

/**
 * Sees to it that a destination may be spoken to at this very moment, by name and, with a resolver, by address.
 *
 * @throws MediaError `ship_refused` when it may not, `ship_failed` when its host cannot be looked up now
 */
export async function requireReachable(env: Env, url: URL): Promise<void> {
  const config = configOf(env);
  const policy = policyOf(config);
  const check = checkTarget(url.href, policy);
  if (!check.allowed) throw new MediaError("ship_refused", `Nothing is sent to ${url.host}: ${check.reason}`);
  const resolve =
    config.webhookResolverUrl === undefined ? undefined : dnsOverHttps(config.webhookResolverUrl);
  switch (await checkAddress(url, policy, resolve)) {
    case "public":
      return;
    case "private":
      throw new MediaError("ship_refused", `${url.host} is not on the public internet.`);
    case "unresolved":
      throw new MediaError("ship_failed", `${url.host} has no address, or it cannot be looked up now.`);
  }
}

function refusal(url: URL, response: Response, answer: string): MediaError {
  const { status } = response;
  const retryAfter = response.headers.get("Retry-After") ?? undefined;
  return new MediaError(
    mayChange(status) ? "ship_failed" : "ship_refused",
    `${url.host} answered ${status}.`,
    {
      privateDetail: answer,
      retryAfterMs: retryAfterMs({ status, retryAfter }, Date.now()),
    },
  );
}

function mayChange(status: number): boolean {
  return status >= 500 || [408, 425, 429].includes(status);
}

/** The first 1 KB of an answer, for operators; one that breaks off says what it said until then. */
async function beginningOf(response: Response, signal: AbortSignal): Promise<string> {
  if (!response.body) return "";
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  try {
    while (text.length < KEPT_ANSWER_BYTES && !signal.aborted) {
      const { value, done } = await reader.read();
      if (done) break;
      text += decoder.decode(value, { stream: true });
    }
    await reader.cancel();
  } catch {
    return text;
  }
  return text.slice(0, KEPT_ANSWER_BYTES);
}
