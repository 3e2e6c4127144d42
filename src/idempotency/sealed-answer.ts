import { z } from "zod";

/** What a request was answered, as far as a replay shows it. */
export interface Answer {
  status: number;
  /** Those that belong to the answer itself: type, place, caching. */
  headers: Record<string, string>;
  body: string;
}

const answerShape = z.strictObject({
  status: z.int(),
  headers: z.record(z.string(), z.string()),
  body: z.string(),
});

const NONCE_BYTES = 12;

/**
 * An answer as it is kept: encrypted (AES-256-GCM) under a key that is not in the database. Answers carry what is
 * shown once, such as a new API key, of which nothing readable may lie in D1; and whoever asks again under the same
 * key is the one who never got it. `holder` is bound to the seal, so that a row moved to another owner cannot be opened.
 */
export async function sealAnswer(answer: Answer, secret: string, holder: string): Promise<string> {
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const algorithm = { name: "AES-GCM", iv: nonce, additionalData: new TextEncoder().encode(holder) };
  const text = new TextEncoder().encode(JSON.stringify(answer));
  const sealed = await crypto.subtle.encrypt(algorithm, await keyOf(secret), text);
  return Buffer.concat([nonce, new Uint8Array(sealed)]).toString("base64");
}

/** The answer under a seal; undefined when it cannot be opened, as after a change of the secret. */
export async function openAnswer(
  sealed: string,
  secret: string,
  holder: string,
): Promise<Answer | undefined> {
  const bytes = Buffer.from(sealed, "base64");
  const algorithm = {
    name: "AES-GCM",
    iv: bytes.subarray(0, NONCE_BYTES),
    additionalData: new TextEncoder().encode(holder),
  };
  try {
    const text = await crypto.subtle.decrypt(algorithm, await keyOf(secret), bytes.subarray(NONCE_BYTES));
    return answerShape.parse(JSON.parse(new TextDecoder().decode(text)));
  } catch {
    return undefined;
  }
}

/** The deployment's secret signs other things too; what is made of it here opens answers only. */
async function keyOf(secret: string): Promise<CryptoKey> {
  const material = new TextEncoder().encode(`idempotency.${secret}`);
  const bytes = await crypto.subtle.digest("SHA-256", material);
  return await crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]);
}
