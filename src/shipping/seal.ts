/**
 * Credentials at rest: AES-256-GCM under a key that is derived (HKDF-SHA256, RFC 5869) from the deployment's own secret
 * for this purpose alone. What is sealed for one destination opens for no other, so rows cannot be exchanged.
 */
import { decodeBase64, encodeBase64 } from "hono/utils/encode";

/** GCM's own length; a fresh one for each sealing. */
const NONCE_BYTES = 12;

/** @param holder id of whose secret it is */
export async function seal(secret: string, holder: string, text: string): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const sealed = await crypto.subtle.encrypt(terms(iv, holder), await keyOf(secret), bytesOf(text));
  const bytes = new Uint8Array(NONCE_BYTES + sealed.byteLength);
  bytes.set(iv);
  bytes.set(new Uint8Array(sealed), NONCE_BYTES);
  return encodeBase64(bytes.buffer);
}

/** What was sealed; undefined when the deployment's secret is another one by now, or the row was tampered with. */
export async function unseal(secret: string, holder: string, sealed: string): Promise<string | undefined> {
  const bytes = decodeBase64(sealed);
  const iv = bytes.slice(0, NONCE_BYTES);
  try {
    const text = await crypto.subtle.decrypt(
      terms(iv, holder),
      await keyOf(secret),
      bytes.slice(NONCE_BYTES),
    );
    return new TextDecoder().decode(text);
  } catch {
    return undefined;
  }
}

function terms(iv: Uint8Array<ArrayBuffer>, holder: string) {
  return { name: "AES-GCM", iv, additionalData: bytesOf(holder) };
}

async function keyOf(secret: string): Promise<CryptoKey> {
  const material = await crypto.subtle.importKey("raw", bytesOf(secret), "HKDF", false, ["deriveKey"]);
  const derivation = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: bytesOf("destinations") };
  return await crypto.subtle.deriveKey(derivation, material, { name: "AES-GCM", length: 256 }, false, [
    "encrypt",
    "decrypt",
  ]);
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  // The encoder's own type allows for shared memory, which WebCrypto does not take.
  return new Uint8Array(new TextEncoder().encode(text));
}
