import { encodeBase64 } from "hono/utils/encode";
import { Webhook } from "standardwebhooks";

/** Standard Webhooks asks for 24 to 64 random bytes; 32 are as many as HMAC-SHA256 can use. */
const SECRET_BYTES = 32;

/** A new signing secret: `whsec_` and the base64 of its bytes. */
export function generateSecret(
  random: Uint8Array = crypto.getRandomValues(new Uint8Array(SECRET_BYTES)),
): string {
  if (random.length < 24 || random.length > 64) throw new RangeError("A secret has 24 to 64 bytes.");
  return `whsec_${encodeBase64(random.slice().buffer)}`;
}

/**
 * The `webhook-signature` header (Standard Webhooks 1.0): one `v1,<base64 HMAC-SHA256>` of `id.timestamp.body` for
 * each active secret, separated by spaces. A receiver accepts any of them, which is how secrets rotate without loss.
 *
 * @param timestampS Unix seconds, as in the `webhook-timestamp` header of this attempt.
 */
export function signatureHeader(
  secrets: readonly string[],
  id: string,
  timestampS: number,
  body: string,
): string {
  const at = new Date(timestampS * 1000);
  return secrets.map((secret) => new Webhook(secret).sign(id, at, body)).join(" ");
}
