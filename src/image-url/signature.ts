import { MediaError } from "../errors.ts";

/** A key that signs image URLs. Two can be active, so that one can be replaced without breaking pages. */
export interface SigningKeys {
  /** Signs, and verifies. */
  current: string;
  /** Only verifies. */
  previous?: string;
}

/** What a signature covers. */
export interface SignedPath {
  /** The options segment exactly as it stands in the URL. */
  options: string;
  mediaId: string;
  /** When the URL stops working, seconds since 1970; it is sent as `?exp=`. */
  expiresAt?: number;
}

const SIGNATURE_PREFIX = "s--";

/** Stands where options do in the signed path of an original. No options are written like it. */
export const ORIGINAL_SEGMENT = "original";

/**
 * The path of a signed image URL: `/img/s--<signature>/<options>/<media id>`, with `?exp=` when it expires. The
 * signature is HMAC-SHA256 (RFC 2104) in base64url without padding (RFC 4648 §5).
 */
export async function signImagePath(path: SignedPath, keys: Pick<SigningKeys, "current">): Promise<string> {
  const signature = await crypto.subtle.sign("HMAC", await importKey(keys.current), messageOf(path));
  const query = path.expiresAt === undefined ? "" : `?exp=${path.expiresAt}`;
  const encoded = toBase64Url(new Uint8Array(signature));
  return `/img/${SIGNATURE_PREFIX}${encoded}/${path.options}/${path.mediaId}${query}`;
}

/** The signature in a path segment, or undefined when the segment is not one. */
export function signatureOf(segment: string): string | undefined {
  return segment.startsWith(SIGNATURE_PREFIX) ? segment.slice(SIGNATURE_PREFIX.length) : undefined;
}

/**
 * Checks a signature before anything else of the URL is looked at. The comparison is `subtle.verify`'s, which takes
 * the same time wherever a wrong signature differs.
 *
 * @param nowSeconds seconds since 1970
 * @throws MediaError `forbidden` when no active key made the signature, or when it has expired
 */
export async function verifyImagePath(
  path: SignedPath,
  signature: string,
  keys: SigningKeys,
  nowSeconds: number,
): Promise<void> {
  const bytes = fromBase64Url(signature);
  const active = keys.previous === undefined ? [keys.current] : [keys.current, keys.previous];
  const message = messageOf(path);
  const answers = await Promise.all(
    active.map(async (key) => await crypto.subtle.verify("HMAC", await importKey(key), bytes, message)),
  );
  if (!answers.includes(true))
    throw new MediaError("forbidden", "The signature of this image URL is not valid.");
  if (path.expiresAt !== undefined && nowSeconds >= path.expiresAt) {
    throw new MediaError("forbidden", "This image URL has expired.");
  }
}

/** One line a field: no field can hold a line break, so no two paths give one message. */
function messageOf({ options, mediaId, expiresAt }: SignedPath): Uint8Array {
  for (const field of [options, mediaId]) {
    if (/[\n/]/.test(field))
      throw new MediaError("invalid_image_url", "An image path has a field that cannot be signed.");
  }
  return new TextEncoder().encode(`img\n${options}\n${mediaId}\n${expiresAt ?? ""}`);
}

async function importKey(secret: string): Promise<CryptoKey> {
  const bytes = new TextEncoder().encode(secret);
  return await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, [
    "sign",
    "verify",
  ]);
}

function toBase64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

/** Empty for what is not 43 characters of base64url, the only length that 32 bytes have: an empty one never verifies. */
function fromBase64Url(text: string): Uint8Array<ArrayBuffer> {
  if (!/^[\w-]{43}$/.test(text)) return new Uint8Array(0);
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}
