import { inflateSync } from "node:zlib";
import { latin1, MAX_BLOCK_BYTES, viewOf } from "./bytes.ts";
import type { SourceMetadata } from "./source-metadata.ts";

export const PNG_SIGNATURE_BYTES = 8;
export const PNG_XMP_KEYWORD = "XML:com.adobe.xmp";

/**
 * Reads `eXIf`, `iCCP` and the XMP packet among the chunks (PNG third edition §11.3; XMP part 3 §1.1.5). There may be one of
 * each, and the first is the one that is looked at, whatever becomes of it: to inflate thousands would be hours of work.
 */
export function readPngMetadata(file: Uint8Array): SourceMetadata {
  const first: Partial<Record<"eXIf" | "iCCP" | "iTXt", Uint8Array>> = {};
  for (const { type, payload } of pngChunks(file)) {
    if (type === "eXIf" || type === "iCCP") first[type] ??= payload;
    if (type === "iTXt" && isXmp(payload)) first[type] ??= payload;
  }
  const { eXIf: exif, iCCP: profile, iTXt: packet } = first;
  const icc = profile && inflatedBehind(profile, profile.indexOf(0) + 2);
  const xmp = packet && xmpOf(packet);
  return { ...(exif && { exif }), ...(icc && { icc }), ...(xmp && { xmp }) };
}

interface Chunk {
  type: string;
  payload: Uint8Array;
  /** The whole chunk, from its length to its checksum. */
  bytes: Uint8Array;
}

/** The chunks of a PNG; ends with IEND, or where the file makes no sense. */
export function* pngChunks(file: Uint8Array): Generator<Chunk> {
  const view = viewOf(file);
  let at = PNG_SIGNATURE_BYTES;
  while (at + 12 <= file.length) {
    const length = view.getUint32(at);
    if (at + 12 + length > file.length) return;
    const type = latin1(file.subarray(at + 4, at + 8));
    const bytes = file.subarray(at, at + 12 + length);
    yield { type, bytes, payload: bytes.subarray(8, 8 + length) };
    if (type === "IEND") return;
    at += 12 + length;
  }
}

function isXmp(payload: Uint8Array): boolean {
  const end = PNG_XMP_KEYWORD.length;
  return payload[end] === 0 && latin1(payload.subarray(0, end)) === PNG_XMP_KEYWORD;
}

/** An iTXt chunk is keyword, 0, whether it is compressed, how, language, 0, translated keyword, 0, text. */
function xmpOf(payload: Uint8Array): Uint8Array | undefined {
  const end = PNG_XMP_KEYWORD.length;
  const language = payload.indexOf(0, end + 3);
  const text = payload.indexOf(0, language + 1) + 1;
  if (language < 0 || text === 0) return undefined;
  return payload[end + 1] === 1 ? inflatedBehind(payload, text) : payload.subarray(text);
}

/** What zlib data from `start` on holds; undefined when it is damaged or too much. */
function inflatedBehind(payload: Uint8Array, start: number): Uint8Array | undefined {
  try {
    return new Uint8Array(inflateSync(payload.subarray(start), { maxOutputLength: MAX_BLOCK_BYTES }));
  } catch {
    // Damaged metadata is no metadata.
    return undefined;
  }
}
