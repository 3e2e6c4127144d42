/**
 * The keys of an encrypted stream (AES-128, RFC 8216 §5). None is stored anywhere: a stream has a root, which follows
 * from the deployment's secret and the job, and each key follows from the root, its track and its number (HKDF-SHA256,
 * RFC 5869). Whoever holds the root makes every key, so it goes to the transcoder of the stream's tasks alone.
 */
import { z } from "zod";

/** AES-128 and its blocks, bytes. */
const KEY_BYTES = 16;
const ROOT_BYTES = 32;

/** How a stream is encrypted. */
export const streamEncryption = z.strictObject({
  method: z.literal("aes-128"),
  /** A key serves so many segments of a track. */
  rotateEverySegments: z.int().min(1).max(10_000),
});
export type StreamEncryption = z.infer<typeof streamEncryption>;

/** @param holder id of the job whose stream it is */
export async function streamRoot(secret: string, holder: string): Promise<Uint8Array<ArrayBuffer>> {
  return await derive(textBytes(secret), holder, "hls keys", ROOT_BYTES);
}

/** One key of a track. */
export async function segmentKey(
  root: Uint8Array<ArrayBuffer>,
  trackId: string,
  keyNumber: number,
): Promise<Uint8Array<ArrayBuffer>> {
  return await derive(root, trackId, String(keyNumber), KEY_BYTES);
}

/** Which key a segment is under. @param index of the segment on the grid of the stream, from 0 */
export function keyNumberOf(index: number, { rotateEverySegments }: StreamEncryption): number {
  return Math.floor(index / rotateEverySegments);
}

/** The initialisation vector of a segment: its index, as media sequence numbers are used where none is given. */
export function segmentIv(index: number): Uint8Array<ArrayBuffer> {
  const iv = new Uint8Array(KEY_BYTES);
  new DataView(iv.buffer).setUint32(KEY_BYTES - 4, index);
  return iv;
}

/** The same vector as playlists write it. */
export function segmentIvHex(index: number): string {
  return index.toString(16).padStart(KEY_BYTES * 2, "0");
}

/** Where a key is read, relative to the playlists. */
export function keyPath(trackId: string, keyNumber: number): string {
  return `keys/${trackId}-${keyNumber}.key`;
}

/** The track and the number that a path of {@link keyPath} names. */
export function parseKeyName(name: string): { trackId: string; keyNumber: number } | undefined {
  const [, trackId, digits] = /^([A-Za-z0-9-]{1,40})-(\d{1,7})\.key$/.exec(name) ?? [];
  return trackId === undefined ? undefined : { trackId, keyNumber: Number(digits) };
}

async function derive(
  material: Uint8Array<ArrayBuffer>,
  salt: string,
  info: string,
  bytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const base = await crypto.subtle.importKey("raw", material, "HKDF", false, ["deriveBits"]);
  const terms = { name: "HKDF", hash: "SHA-256", salt: textBytes(salt), info: textBytes(info) };
  return new Uint8Array(await crypto.subtle.deriveBits(terms, base, bytes * 8));
}

function textBytes(text: string): Uint8Array<ArrayBuffer> {
  // The encoder's own type allows for shared memory, which WebCrypto does not take.
  return new Uint8Array(new TextEncoder().encode(text));
}
