import { concatBytes, latin1 } from "./bytes.ts";
import { iptcOf } from "./photoshop.ts";
import type { SourceMetadata } from "./source-metadata.ts";

export const EXIF_PREFIX = "Exif\0\0";
export const XMP_PREFIX = "http://ns.adobe.com/xap/1.0/\0";
export const PHOTOSHOP_PREFIX = "Photoshop 3.0\0";
export const ICC_PREFIX = "ICC_PROFILE\0";

/** Number of a part and of all parts, behind the prefix of an ICC segment. */
const ICC_COUNTERS_BYTES = 2;

/** Walks the application segments up to the first scan (EXIF 2.32 §4.7, XMP part 3 §1.1.3, ICC.1:2022 annex B.4). */
export function readJpegMetadata(file: Uint8Array): SourceMetadata {
  const found: SourceMetadata = {};
  const profile: Uint8Array[] = [];
  for (const { marker, payload } of jpegSegments(file)) {
    if (marker === 0xe1 && startsWith(payload, EXIF_PREFIX)) {
      found.exif ??= payload.subarray(EXIF_PREFIX.length);
    } else if (marker === 0xe1 && startsWith(payload, XMP_PREFIX)) {
      found.xmp ??= payload.subarray(XMP_PREFIX.length);
    } else if (marker === 0xed && startsWith(payload, PHOTOSHOP_PREFIX)) {
      const iptc = iptcOf(payload.subarray(PHOTOSHOP_PREFIX.length));
      if (iptc) found.iptc ??= iptc;
    } else if (marker === 0xe2 && startsWith(payload, ICC_PREFIX)) {
      const part = payload[ICC_PREFIX.length] ?? 0;
      profile[part] ??= payload.subarray(ICC_PREFIX.length + ICC_COUNTERS_BYTES);
    }
  }
  const icc = joined(profile);
  return { ...found, ...(icc && { icc }) };
}

/** Parts are counted from 1; a profile of which one is missing is none. */
function joined([, ...parts]: (Uint8Array | undefined)[]): Uint8Array | undefined {
  const there = parts.filter((part) => part !== undefined);
  return there.length === 0 || there.length < parts.length ? undefined : concatBytes(...there);
}

interface Segment {
  marker: number;
  payload: Uint8Array;
}

/**
 * The marker segments before the first scan (ITU-T T.81 §B.1.1); bytes between them that are no marker are stepped over, as
 * decoders do. Ends where the file does.
 */
export function* jpegSegments(file: Uint8Array): Generator<Segment> {
  let at = 2;
  while (at + 4 <= file.length) {
    const marker = file[at + 1] ?? 0;
    if (file[at] !== 0xff || marker === 0 || marker === 0xff) {
      const next = file.indexOf(0xff, at + 1);
      if (next < 0) return;
      at = next;
      continue;
    }
    if (marker === 0xda || marker === 0xd9) return;
    if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) {
      at += 2;
      continue;
    }
    const length = Math.max(2, ((file[at + 2] ?? 0) << 8) | (file[at + 3] ?? 0));
    if (at + 2 + length > file.length) return;
    yield { marker, payload: file.subarray(at + 4, at + 2 + length) };
    at += 2 + length;
  }
}

/** An EXIF block from its TIFF header on; the prefix of JPEG is kept by some writers elsewhere, too. */
export function withoutExifPrefix(block: Uint8Array): Uint8Array {
  return startsWith(block, EXIF_PREFIX) ? block.subarray(EXIF_PREFIX.length) : block;
}

function startsWith(payload: Uint8Array, prefix: string): boolean {
  return payload.length > prefix.length && latin1(payload.subarray(0, prefix.length)) === prefix;
}
