/**
 * Compact signed tokens: `<payload>.<signature>`, both base64url. The payload is readable by whoever holds it, so it
 * carries nothing secret; the signature is HMAC-SHA256 over purpose and payload, so a token that was made for one
 * purpose says nothing for another.
 */
import { decodeBase64Url, encodeBase64Url } from "hono/utils/encode";
import { z } from "zod";

export type TokenPurpose = "watch" | "feed" | "session" | "storage";

/** What a token says, as JSON. */
export type Claims = Record<string, unknown>;

const payloadSchema = z.strictObject({
  /** Unix milliseconds from which on the token is worth nothing. */
  expiresAtMs: z.number(),
  claims: z.record(z.string(), z.unknown()),
});

/** A token that says `claims` until `expiresAtMs` (Unix milliseconds). */
export async function signToken(
  secret: string,
  purpose: TokenPurpose,
  claims: Claims,
  expiresAtMs: number,
): Promise<string> {
  const payload = toBase64Url(new TextEncoder().encode(JSON.stringify({ expiresAtMs, claims })));
  const signature = await crypto.subtle.sign("HMAC", await hmacKey(secret), signedText(purpose, payload));
  return `${payload}.${toBase64Url(new Uint8Array(signature))}`;
}

/** What a token says, or `undefined` when it is malformed, forged, expired or was made for another purpose. */
export async function verifyToken(
  secret: string,
  purpose: TokenPurpose,
  token: string,
  nowMs: number,
): Promise<Claims | undefined> {
  const [payload, signature, ...rest] = token.split(".");
  if (!payload || !signature || rest.length > 0) return undefined;
  const signatureBytes = fromBase64Url(signature);
  if (!signatureBytes) return undefined;
  const text = signedText(purpose, payload);
  // Verifying, unlike comparing texts, takes the same time wherever the signatures differ.
  if (!(await crypto.subtle.verify("HMAC", await hmacKey(secret), signatureBytes, text))) return undefined;
  const { expiresAtMs, claims } = payloadSchema.parse(
    JSON.parse(new TextDecoder().decode(fromBase64Url(payload))),
  );
  return nowMs < expiresAtMs ? claims : undefined;
}

function signedText(purpose: TokenPurpose, payload: string): Uint8Array {
  return new TextEncoder().encode(`${purpose}.${payload}`);
}

async function hmacKey(secret: string): Promise<CryptoKey> {
  const bytes = new TextEncoder().encode(secret);
  return await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, [
    "sign",
    "verify",
  ]);
}

function toBase64Url(bytes: Uint8Array): string {
  // A view may lie in a larger buffer; the copy has one of its own size.
  return encodeBase64Url(bytes.slice().buffer).replaceAll("=", "");
}

/** Only the one spelling that encoding gives is accepted: no other text stands for the same token. */
function fromBase64Url(text: string): Uint8Array | undefined {
  if (!/^[\w-]+$/.test(text) || text.length % 4 === 1) return undefined;
  const bytes = decodeBase64Url(text);
  return toBase64Url(bytes) === text ? bytes : undefined;
}
