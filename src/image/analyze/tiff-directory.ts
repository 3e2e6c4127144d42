import { Head } from "../probe/head.ts";

const MAX_ENTRIES = 200;

/** The first directory of a TIFF file or an EXIF block, and where the entry of each tag lies in it (TIFF 6.0 §2). */
export interface TiffDirectory {
  block: Head;
  little: boolean;
  entries: Map<number, number>;
}

/**
 * @param bytes from the byte order mark on
 * @throws ShortHead when the directory lies past the end
 */
export function readTiffDirectory(bytes: Uint8Array): TiffDirectory {
  const block = new Head(bytes);
  const little = block.text(0, 2) === "II";
  const directory = block.u32(4, little);
  const entries = new Map<number, number>();
  for (let index = 0; index < Math.min(MAX_ENTRIES, block.u16(directory, little)); index++) {
    const entry = directory + 2 + index * 12;
    entries.set(block.u16(entry, little), entry);
  }
  return { block, little, entries };
}

/** Whether a file is TIFF throughout. */
export function isTiff(head: Uint8Array): boolean {
  return /^(II\*\0|MM\0\*)/.test(String.fromCharCode(...head.subarray(0, 4)));
}
