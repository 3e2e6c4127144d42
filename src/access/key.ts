import { encodeBase64Url } from "hono/utils/encode";
import { hexOf } from "../digest.ts";

const KEY_BYTES = 32;

/** A new API key: `dr_` and 43 base64url characters of randomness. Shown once, kept only as its hash. */
export function generateKey(random: Uint8Array = crypto.getRandomValues(new Uint8Array(KEY_BYTES))): string {
  return `dr_${encodeBase64Url(random.slice().buffer).replaceAll("=", "")}`;
}

/** SHA-256 of a key, lower-case hex. A key has 256 random bits: a slow hash would add nothing. */
export async function hashKey(key: string): Promise<string> {
  return hexOf(await sha256(key));
}

/** Compares two keys in a time that tells nothing of either, not even their lengths. */
export async function keysMatch(a: string, b: string): Promise<boolean> {
  return crypto.subtle.timingSafeEqual(await sha256(a), await sha256(b));
}

function sha256(text: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
}
