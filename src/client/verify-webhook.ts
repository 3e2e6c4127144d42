/**
 * For receivers of webhooks: whether a request comes from the service, by Standard Webhooks 1.0. It needs nothing but
 * Web Crypto, so it runs in Workers, Deno, Bun, Node and browsers.
 */

export interface VerifyOptions {
  /** How far the time of sending may be from now, either way; keeps a recorded request from being sent again. */
  toleranceSeconds?: number;
  /** Unix milliseconds. */
  nowMs?: number;
}

/** An event whose signature is good. */
export interface VerifiedWebhook<T = unknown> {
  /** The same at every attempt: what was handled under it before need not be handled again. */
  id: string;
  event: T;
}

/** Why a request is not to be trusted. */
export class WebhookVerificationError extends Error {
  override readonly name = "WebhookVerificationError";
}

/**
 * Checks a request's signature and time, then parses its body.
 *
 * @param body the bytes as they came, or their text: JSON that was parsed and written again is not the same.
 * @param secrets `whsec_…`; during a rotation the old and the new one, in any order.
 * @throws WebhookVerificationError when a header is missing, the time is off, or no signature fits a secret.
 */
export async function verifyWebhook<T = unknown>(
  body: string | Uint8Array,
  headers: Headers | Record<string, string | undefined>,
  secrets: string | readonly string[],
  { toleranceSeconds = 300, nowMs = Date.now() }: VerifyOptions = {},
): Promise<VerifiedWebhook<T>> {
  const id = headerOf(headers, "webhook-id");
  const timestamp = headerOf(headers, "webhook-timestamp");
  const signatures = headerOf(headers, "webhook-signature");
  if (!/^\d{1,12}$/.test(timestamp)) throw new WebhookVerificationError("webhook-timestamp is no time");
  if (Math.abs(nowMs / 1000 - Number(timestamp)) > toleranceSeconds) {
    throw new WebhookVerificationError("webhook-timestamp is too far from now");
  }
  const text =
    typeof body === "string"
      ? body
      : new TextDecoder("utf-8", { ignoreBOM: true, fatal: false }).decode(body);
  const signed = Uint8Array.from(new TextEncoder().encode(`${id}.${timestamp}.${text}`));
  if (!(await anyFits(signed, signatures, typeof secrets === "string" ? [secrets] : secrets))) {
    throw new WebhookVerificationError("no signature fits");
  }
  return { id, event: JSON.parse(text) as T };
}

function headerOf(headers: Headers | Record<string, string | undefined>, name: string): string {
  const value =
    headers instanceof Headers
      ? headers.get(name)
      : Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  if (!value) throw new WebhookVerificationError(`${name} is missing`);
  return value;
}

/** `crypto.subtle.verify` compares in constant time. Every pair is tried, whichever fits. */
async function anyFits(
  signed: Uint8Array<ArrayBuffer>,
  header: string,
  secrets: readonly string[],
): Promise<boolean> {
  const signatures = header.split(" ").flatMap((entry) => {
    const [version, value = ""] = entry.split(",");
    const bytes = version === "v1" ? fromBase64(value) : undefined;
    return bytes ? [bytes] : [];
  });
  let fits = false;
  for (const secret of secrets) {
    const raw = fromBase64(secret.replace(/^whsec_/, ""));
    if (!raw?.length) throw new WebhookVerificationError("a secret is not whsec_ and base64");
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    const key = await crypto.subtle.importKey("raw", raw, algorithm, false, ["verify"]);
    for (const signature of signatures) {
      fits = (await crypto.subtle.verify("HMAC", key, signature, signed)) || fits;
    }
  }
  return fits;
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}
