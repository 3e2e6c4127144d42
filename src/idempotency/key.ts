import { MediaError } from "../errors.ts";

/** As `draft-ietf-httpapi-idempotency-key-header` names it. */
export const IDEMPOTENCY_HEADER = "Idempotency-Key";
/** Set on an answer that was given before. */
export const REPLAYED_HEADER = "Idempotent-Replayed";

const MAX_KEY_CHARACTERS = 255;

/**
 * The key of a request; undefined when it has none. The draft writes it as a structured string, in quotes (RFC 9651
 * §3.3.3); most clients send it bare. Both name the same key.
 *
 * @throws MediaError `invalid_idempotency_key` unless it is 1–255 visible ASCII characters.
 */
export function readIdempotencyKey(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  const key = /^".*"$/.test(text) && text.length > 1 ? text.slice(1, -1).replace(/\\(["\\])/g, "$1") : text;
  if (key.length <= MAX_KEY_CHARACTERS && /^[!-~]+$/.test(key)) return key;
  throw new MediaError(
    "invalid_idempotency_key",
    `An ${IDEMPOTENCY_HEADER} has 1–${MAX_KEY_CHARACTERS} visible ASCII characters, such as a UUID.`,
  );
}
