import { crc32, deflateSync } from "node:zlib";
import { concatBytes, fromLatin1, uint32 } from "./bytes.ts";
import { PNG_SIGNATURE_BYTES, PNG_XMP_KEYWORD, pngChunks } from "./read-png.ts";
import type { SourceMetadata } from "./source-metadata.ts";

/** Chunks that say the pixels are of other colours than a profile does. */
const COLOR_CHUNKS = ["sRGB", "gAMA", "cHRM", "cICP", "iCCP"];

/** Chunks right behind IHDR: a profile stands before the palette (PNG third edition §5.6). */
export function writePngMetadata(
  png: Uint8Array<ArrayBuffer>,
  { exif, xmp, icc }: SourceMetadata,
): Uint8Array<ArrayBuffer> {
  const own = [...pngChunks(png)].filter(({ type }) => !(icc && COLOR_CHUNKS.includes(type)));
  const [header, ...rest] = own.map(({ bytes }) => bytes);
  if (header === undefined) return png;
  return concatBytes(
    png.subarray(0, PNG_SIGNATURE_BYTES),
    header,
    icc ? chunk("iCCP", concatBytes(fromLatin1("ICC profile\0\0"), deflateSync(icc))) : [],
    exif ? chunk("eXIf", exif) : [],
    xmp ? chunk("iTXt", concatBytes(fromLatin1(`${PNG_XMP_KEYWORD}\0\0\0\0\0`), xmp)) : [],
    ...rest,
  );
}

function chunk(type: string, payload: Uint8Array): Uint8Array {
  const body = concatBytes(fromLatin1(type), payload);
  return concatBytes(uint32(payload.length), body, uint32(crc32(body)));
}
