import type { Orientation } from "../probe.ts";
import { Head, ShortHead } from "./head.ts";

const ORIENTATION_TAG = 0x0112;
const SHORT = 3;
const LONG = 4;

/**
 * Orientation from an EXIF block that starts at its TIFF header (EXIF 2.32 §4.6.2, TIFF 6.0 §2). Looks at the first
 * directory only. A block that is damaged or says nothing sensible means upright: metadata never fails a picture.
 */
export function exifOrientation(block: Uint8Array): Orientation {
  try {
    return readOrientation(new Head(block));
  } catch (thrown) {
    if (thrown instanceof ShortHead) return 1;
    throw thrown;
  }
}

function readOrientation(block: Head): Orientation {
  const entry = findOrientation(block);
  if (entry?.type === SHORT) return toOrientation(block.u16(entry.value, entry.littleEndian));
  if (entry?.type === LONG) return toOrientation(block.u32(entry.value, entry.littleEndian));
  return 1;
}

/** Where a block keeps its orientation: a type of TIFF, and the first byte of four. */
interface OrientationEntry {
  type: number;
  value: number;
  littleEndian: boolean;
}

/** Where a block that may be damaged keeps its orientation; undefined when it has none. */
export function orientationEntry(block: Uint8Array): OrientationEntry | undefined {
  try {
    return findOrientation(new Head(block));
  } catch (thrown) {
    if (thrown instanceof ShortHead) return undefined;
    throw thrown;
  }
}

function findOrientation(block: Head): OrientationEntry | undefined {
  const byteOrder = block.text(0, 2);
  const littleEndian = byteOrder === "II";
  if (!littleEndian && byteOrder !== "MM") return undefined;
  if (block.u16(2, littleEndian) !== 42) return undefined;
  const directory = block.u32(4, littleEndian);
  const entries = block.u16(directory, littleEndian);
  for (let index = 0; index < entries; index++) {
    const entry = directory + 2 + index * 12;
    if (block.u16(entry, littleEndian) !== ORIENTATION_TAG) continue;
    block.need(entry + 8, 4);
    return { type: block.u16(entry + 2, littleEndian), value: entry + 8, littleEndian };
  }
  return undefined;
}

function toOrientation(value: number): Orientation {
  return value >= 1 && value <= 8 ? (value as Orientation) : 1;
}
