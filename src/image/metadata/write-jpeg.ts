import { concatBytes, fromLatin1 } from "./bytes.ts";
import { photoshopResources } from "./photoshop.ts";
import { EXIF_PREFIX, ICC_PREFIX, PHOTOSHOP_PREFIX, XMP_PREFIX } from "./read-jpeg.ts";
import type { SourceMetadata } from "./source-metadata.ts";

/** What a segment holds behind its length, bytes. */
const MAX_PAYLOAD_BYTES = 0xffff - 2;
const ICC_PART_BYTES = MAX_PAYLOAD_BYTES - ICC_PREFIX.length - 2;

/** Application segments right behind the first marker, EXIF before all others (EXIF 2.32 §4.5.4). */
export function writeJpegMetadata(
  jpeg: Uint8Array<ArrayBuffer>,
  { exif, xmp, iptc, icc }: SourceMetadata,
): Uint8Array<ArrayBuffer> {
  return concatBytes(
    jpeg.subarray(0, 2),
    exif ? segment(0xe1, EXIF_PREFIX, exif) : [],
    xmp ? segment(0xe1, XMP_PREFIX, xmp) : [],
    icc ? profileSegments(icc) : [],
    iptc ? segment(0xed, PHOTOSHOP_PREFIX, photoshopResources(iptc)) : [],
    jpeg.subarray(2),
  );
}

function segment(marker: number, prefix: string, body: Uint8Array): Uint8Array {
  const payload = concatBytes(fromLatin1(prefix), body);
  if (payload.length > MAX_PAYLOAD_BYTES) return new Uint8Array();
  const length = payload.length + 2;
  return concatBytes([0xff, marker, length >> 8, length & 255], payload);
}

/** A profile in as many parts as it takes, counted from 1 (ICC.1:2022 annex B.4). */
function profileSegments(icc: Uint8Array): Uint8Array {
  const parts = Math.ceil(icc.length / ICC_PART_BYTES);
  return concatBytes(
    ...Array.from({ length: parts }, (_, index) => {
      const part = icc.subarray(index * ICC_PART_BYTES, (index + 1) * ICC_PART_BYTES);
      return segment(0xe2, ICC_PREFIX, concatBytes([index + 1, parts], part));
    }),
  );
}
