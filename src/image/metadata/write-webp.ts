import type { Size } from "../geometry.ts";
import { needsMoreBytes, probeImage } from "../probe.ts";
import { concatBytes, fromLatin1, uint32 } from "./bytes.ts";
import { RIFF_HEAD_BYTES, riffChunks } from "./read-webp.ts";
import type { SourceMetadata } from "./source-metadata.ts";

/** Flags of VP8X (RFC 9649 §2.7.1). */
const FLAGS = { icc: 0x20, alpha: 0x10, exif: 0x08, xmp: 0x04 };

/** The chunks of a WebP with `VP8X` and `ICCP` before, `EXIF` and `XMP ` behind what it shows (RFC 9649 §2.7). */
export function writeWebpMetadata(
  webp: Uint8Array<ArrayBuffer>,
  { exif, xmp, icc }: SourceMetadata,
): Uint8Array<ArrayBuffer> {
  const chunks = [...riffChunks(webp)];
  const extended = chunks.find(({ type }) => type === "VP8X");
  const probe = probeImage(webp, webp.length);
  if (needsMoreBytes(probe)) return webp;
  const flags =
    (extended?.payload[0] ?? (probe.hasAlpha ? FLAGS.alpha : 0)) |
    (icc ? FLAGS.icc : 0) |
    (exif ? FLAGS.exif : 0) |
    (xmp ? FLAGS.xmp : 0);
  const body = concatBytes(
    fromLatin1("WEBP"),
    chunk("VP8X", header(flags, probe)),
    icc ? chunk("ICCP", icc) : [],
    ...chunks.filter(({ type }) => type !== "VP8X").map(({ bytes }) => bytes),
    exif ? chunk("EXIF", exif) : [],
    xmp ? chunk("XMP ", xmp) : [],
  );
  return concatBytes(webp.subarray(0, RIFF_HEAD_BYTES - 8), uint32(body.length, true), body);
}

/** Flags, three bytes in reserve, width − 1 and height − 1 in three bytes each. */
function header(flags: number, { width, height }: Size): Uint8Array {
  const side = (px: number) => uint32(px - 1, true).subarray(0, 3);
  return concatBytes([flags, 0, 0, 0], side(width), side(height));
}

function chunk(type: string, payload: Uint8Array): Uint8Array {
  return concatBytes(fromLatin1(type), uint32(payload.length, true), payload, payload.length & 1 ? [0] : []);
}
