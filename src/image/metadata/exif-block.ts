import { Head, ShortHead } from "../probe/head.ts";
import { concatBytes, fromLatin1, uint32, viewOf } from "./bytes.ts";

/** The directories that EXIF keeps its fields in; that of the thumbnail is not among them. */
export type ExifDirectory = "main" | "exif" | "gps";

/** One field with its value, as stored. */
export interface ExifEntry {
  tag: number;
  /** Of TIFF 6.0 §2. */
  type: number;
  count: number;
  /** In the byte order of its block. */
  value: Uint8Array;
}

export interface ExifFields {
  littleEndian: boolean;
  directories: Record<ExifDirectory, ExifEntry[]>;
}

/** The entries of the main directory that say where the others lie. */
const POINTERS = { exif: 0x8769, gps: 0x8825 } as const;

const MAX_ENTRIES = 200;

/** Bytes of one value of each type of TIFF 6.0 §2, from 1 on. */
const TYPE_BYTES = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8];

/** Reads the fields of a block that begins with its TIFF header; undefined when it is damaged. */
export function readExif(block: Uint8Array): ExifFields | undefined {
  try {
    const head = new Head(block);
    const order = head.text(0, 2);
    const littleEndian = order === "II";
    if ((!littleEndian && order !== "MM") || head.u16(2, littleEndian) !== 42) return undefined;
    const main = readDirectory(head, head.u32(4, littleEndian), littleEndian);
    const below = (pointer: number) => {
      const entry = main.find(({ tag, value }) => tag === pointer && value.length === 4);
      return entry ? readDirectory(head, viewOf(entry.value).getUint32(0, littleEndian), littleEndian) : [];
    };
    return { littleEndian, directories: { main, exif: below(POINTERS.exif), gps: below(POINTERS.gps) } };
  } catch (thrown) {
    if (thrown instanceof ShortHead) return undefined;
    throw thrown;
  }
}

function readDirectory(head: Head, directory: number, littleEndian: boolean): ExifEntry[] {
  const entries: ExifEntry[] = [];
  const count = Math.min(MAX_ENTRIES, head.u16(directory, littleEndian));
  for (let index = 0; index < count; index++) {
    const at = directory + 2 + index * 12;
    const type = head.u16(at + 2, littleEndian);
    const values = head.u32(at + 4, littleEndian);
    const bytes = values * (TYPE_BYTES[type] ?? 0);
    const start = bytes <= 4 ? at + 8 : head.u32(at + 8, littleEndian);
    // A value that lies outside of the block is no value; the others are still good.
    if (bytes === 0 || start + bytes > head.length) continue;
    entries.push({ tag: head.u16(at, littleEndian), type, count: values, value: head.slice(start, bytes) });
  }
  return entries;
}

const HEADER_BYTES = 8;
const LONG = 4;

/** Writes fields as a block of its own, with nothing in it but them; undefined when there are none. */
export function writeExif({ littleEndian, directories }: ExifFields): Uint8Array<ArrayBuffer> | undefined {
  const { main, exif, gps } = directories;
  if (main.length + exif.length + gps.length === 0) return undefined;
  const pointers = [exif.length > 0 && POINTERS.exif, gps.length > 0 && POINTERS.gps].filter(Boolean);
  const mainBytes = directoryBytes([
    ...main,
    ...pointers.map((tag) => pointer(Number(tag), 0, littleEndian)),
  ]);
  const exifAt = HEADER_BYTES + mainBytes;
  const gpsAt = exifAt + (exif.length > 0 ? directoryBytes(exif) : 0);
  const located = [
    ...main,
    ...(exif.length > 0 ? [pointer(POINTERS.exif, exifAt, littleEndian)] : []),
    ...(gps.length > 0 ? [pointer(POINTERS.gps, gpsAt, littleEndian)] : []),
  ];
  return concatBytes(
    fromLatin1(littleEndian ? "II*\0" : "MM\0*"),
    uint32(HEADER_BYTES, littleEndian),
    writeDirectory(located, HEADER_BYTES, littleEndian),
    exif.length > 0 ? writeDirectory(exif, exifAt, littleEndian) : [],
    gps.length > 0 ? writeDirectory(gps, gpsAt, littleEndian) : [],
  );
}

function pointer(tag: number, offset: number, littleEndian: boolean): ExifEntry {
  return { tag, type: LONG, count: 1, value: uint32(offset, littleEndian) };
}

/** Values of more than four bytes lie behind the directory, each at an even place. */
function directoryBytes(entries: readonly ExifEntry[]): number {
  const values = entries.map(({ value }) => (value.length <= 4 ? 0 : value.length + (value.length & 1)));
  return 2 + entries.length * 12 + 4 + values.reduce((sum, bytes) => sum + bytes, 0);
}

/** Entries in the order of their tags (TIFF 6.0 §2), the mark that no directory follows, and the longer values. */
function writeDirectory(entries: readonly ExifEntry[], offset: number, littleEndian: boolean): Uint8Array {
  const bytes = new Uint8Array(directoryBytes(entries));
  const view = viewOf(bytes);
  view.setUint16(0, entries.length, littleEndian);
  let behind = 2 + entries.length * 12 + 4;
  for (const [index, { tag, type, count, value }] of entries.toSorted((a, b) => a.tag - b.tag).entries()) {
    const at = 2 + index * 12;
    view.setUint16(at, tag, littleEndian);
    view.setUint16(at + 2, type, littleEndian);
    view.setUint32(at + 4, count, littleEndian);
    if (value.length <= 4) {
      bytes.set(value, at + 8);
      continue;
    }
    view.setUint32(at + 8, offset + behind, littleEndian);
    bytes.set(value, behind);
    behind += value.length + (value.length & 1);
  }
  return bytes;
}
