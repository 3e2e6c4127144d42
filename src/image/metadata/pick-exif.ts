import { type ExifEntry, readExif, writeExif } from "./exif-block.ts";
import { EXIF_TAGS } from "./exif-tags.ts";
import type { MetadataField } from "./modes.ts";

/** Most that a value may take, bytes: a setting is a few numbers, and a longer one holds something else. */
const MAX_TEXT_BYTES = 1000;
const MAX_NUMBER_BYTES = 64;
const ASCII = 2;
/** Of a comment, which begins with its encoding. */
const UNDEFINED = 7;

/**
 * A new EXIF block that holds the named fields and not a byte else; undefined when the source has none of them, or is
 * damaged.
 *
 * @param block from its TIFF header on
 */
export function pickExif(
  block: Uint8Array,
  fields: readonly MetadataField[],
): Uint8Array<ArrayBuffer> | undefined {
  const source = readExif(block);
  if (source === undefined) return undefined;
  const picked = (directory: "main" | "exif" | "gps") => {
    const wanted = fields.map((field) => EXIF_TAGS[field][directory] ?? []);
    const isWanted = ({ tag }: ExifEntry) => wanted.some((tags) => tags === "all" || tags.includes(tag));
    return source.directories[directory]
      .filter((entry) => isWanted(entry) && isPlausible(entry))
      .map(trimmed);
  };
  return writeExif({
    littleEndian: source.littleEndian,
    directories: { main: picked("main"), exif: picked("exif"), gps: picked("gps") },
  });
}

function isPlausible({ type, value }: ExifEntry): boolean {
  return value.length <= (type === ASCII || type === UNDEFINED ? MAX_TEXT_BYTES : MAX_NUMBER_BYTES);
}

/** Text without what lies behind its last letter: cameras pad it, with whatever was there. */
function trimmed(entry: ExifEntry): ExifEntry {
  if (entry.type !== ASCII) return entry;
  const end = endOfText(entry.value, entry.tag);
  const value = new Uint8Array(end + 1);
  value.set(entry.value.subarray(0, end));
  return { ...entry, count: value.length, value };
}

const COPYRIGHT = 0x8298;

/** The copyright has two parts: of the photographer, and behind a 0 of the editor (EXIF 2.32 §4.6.4). */
function endOfText(value: Uint8Array, tag: number): number {
  const next = (from: number) => {
    const found = value.indexOf(0, from);
    return found < 0 ? value.length : found;
  };
  const first = next(0);
  return tag === COPYRIGHT && first + 1 < value.length && value[first + 1] !== 0 ? next(first + 1) : first;
}
