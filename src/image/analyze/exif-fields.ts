import { Head, ShortHead } from "../probe/head.ts";

/** EXIF fields that say how a picture was taken and whose it is, by tag: nothing of where, when, by which device. */
const FIELDS: Record<number, string> = {
  271: "make",
  272: "model",
  305: "software",
  33432: "copyright",
  33434: "exposure_time",
  33437: "f_number",
  34855: "iso",
  37380: "exposure_bias",
  37385: "flash",
  37386: "focal_length",
  41989: "focal_length_35mm",
  42036: "lens_model",
};
const EXIF_DIRECTORY = 0x8769;

const MAX_ENTRIES = 200;
const MAX_TEXT_BYTES = 200;

/**
 * The technical EXIF fields of a file (EXIF 2.32 §4.6), by our names; seconds, mm and plain numbers. Empty when there
 * are none, or they are damaged: metadata never fails a picture.
 *
 * @param head the file from its first byte; what lies past it is not found
 */
export function technicalExif(head: Uint8Array): Record<string, string | number> {
  const start = findTiffHeader(head);
  if (start === undefined) return {};
  const fields: Record<string, string | number> = {};
  try {
    const block = new Head(head.subarray(start));
    const little = block.text(0, 2) === "II";
    const nested = readDirectory(block, block.u32(4, little), little, fields);
    if (nested !== undefined) readDirectory(block, nested, little, fields);
  } catch (thrown) {
    if (!(thrown instanceof ShortHead)) throw thrown;
  }
  return fields;
}

/** Where the TIFF header of the EXIF block begins: behind `Exif\0\0` in JPEG, WebP and HEIF, behind `eXIf` in PNG. */
export function findTiffHeader(bytes: Uint8Array): number | undefined {
  for (let at = 4; at + 8 <= bytes.length; at++) {
    const word =
      ((bytes[at] ?? 0) << 24) |
      ((bytes[at + 1] ?? 0) << 16) |
      ((bytes[at + 2] ?? 0) << 8) |
      (bytes[at + 3] ?? 0);
    const isTiff = word === 0x49492a00 || word === 0x4d4d002a;
    if (isTiff && /^(if\0\0|eXIf)$/.test(String.fromCharCode(...bytes.subarray(at - 4, at)))) return at;
  }
  return undefined;
}

/** Notes the known fields of one directory; answers with where the EXIF directory lies, when this one says. */
function readDirectory(
  block: Head,
  directory: number,
  little: boolean,
  fields: Record<string, string | number>,
): number | undefined {
  let nested: number | undefined;
  const entries = Math.min(MAX_ENTRIES, block.u16(directory, little));
  for (let index = 0; index < entries; index++) {
    const entry = directory + 2 + index * 12;
    const tag = block.u16(entry, little);
    if (tag === EXIF_DIRECTORY) nested = block.u32(entry + 8, little);
    const name = FIELDS[tag];
    const value = name === undefined ? undefined : readValue(block, entry, little);
    if (name !== undefined && value !== undefined && value !== "") fields[name] = value;
  }
  return nested;
}

const TYPE = { ascii: 2, short: 3, long: 4, rational: 5, signedRational: 10 };

/** The first value of an entry (TIFF 6.0 §2), of the types that our fields have. */
function readValue(block: Head, entry: number, little: boolean): string | number | undefined {
  const type = block.u16(entry + 2, little);
  const count = block.u32(entry + 4, little);
  const offset = block.u32(entry + 8, little);
  switch (type) {
    case TYPE.ascii:
      return readText(block.text(count <= 4 ? entry + 8 : offset, Math.min(count, MAX_TEXT_BYTES)));
    case TYPE.short:
      return block.u16(entry + 8, little);
    case TYPE.long:
      return offset;
    case TYPE.rational:
      return quotient(block.u32(offset, little), block.u32(offset + 4, little));
    case TYPE.signedRational:
      return quotient(block.i32(offset, little), block.i32(offset + 4, little));
    default:
      return undefined;
  }
}

function readText(text: string): string {
  return (text.split("\0")[0] ?? "").replace(/[^\x20-\x7e\xa0-\xff]/g, "").trim();
}

function quotient(numerator: number, denominator: number): number | undefined {
  return denominator === 0 ? undefined : Math.round((numerator / denominator) * 1e6) / 1e6;
}
