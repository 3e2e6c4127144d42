import { latin1, viewOf } from "./bytes.ts";
import { withoutExifPrefix } from "./read-jpeg.ts";
import type { SourceMetadata } from "./source-metadata.ts";

/** `RIFF`, length, `WEBP`. */
export const RIFF_HEAD_BYTES = 12;

/** Reads the `ICCP`, `EXIF` and `XMP ` chunks (RFC 9649 §2.7.1.4, §2.7.1.5). */
export function readWebpMetadata(file: Uint8Array): SourceMetadata {
  const found: SourceMetadata = {};
  for (const { type, payload } of riffChunks(file)) {
    if (type === "ICCP") found.icc ??= payload;
    if (type === "EXIF") found.exif ??= withoutExifPrefix(payload);
    if (type === "XMP ") found.xmp ??= payload;
  }
  return found;
}

interface Chunk {
  type: string;
  payload: Uint8Array;
  /** The whole chunk, with its head and its padding. */
  bytes: Uint8Array;
}

/** The chunks of a WebP; ends where the file makes no sense. */
export function* riffChunks(file: Uint8Array): Generator<Chunk> {
  const view = viewOf(file);
  let at = RIFF_HEAD_BYTES;
  while (at + 8 <= file.length) {
    const length = view.getUint32(at + 4, true);
    if (at + 8 + length > file.length) return;
    const bytes = file.subarray(at, at + 8 + length + (length & 1));
    yield { type: latin1(file.subarray(at, at + 4)), payload: bytes.subarray(8, 8 + length), bytes };
    at += 8 + length + (length & 1);
  }
}
