import { Head, ShortHead } from "../probe/head.ts";
import { findTiffHeader } from "./exif-fields.ts";
import { isTiff, readTiffDirectory } from "./tiff-directory.ts";

const INCH_CM = 2.54;
const RESOLUTION_TAG = 282;
const UNIT_TAG = 296;

/**
 * Dots per inch that a file says it is meant for, rounded; undefined when it says nothing. JFIF and PNG have fields of
 * their own, everything else says it in EXIF or TIFF.
 *
 * @param head the file from its first byte
 */
export function dpiOf(head: Uint8Array): number | undefined {
  try {
    const dpi = jfifDpi(new Head(head)) ?? pngDpi(head) ?? tiffDpi(head);
    return dpi === undefined || !(dpi > 0) ? undefined : Math.round(dpi);
  } catch (thrown) {
    // Damaged metadata says nothing.
    if (thrown instanceof ShortHead) return undefined;
    throw thrown;
  }
}

/** JFIF §5: units 1 is dots per inch, 2 per cm, 0 a ratio. */
function jfifDpi(head: Head): number | undefined {
  if (head.u16(0) !== 0xffd8 || head.u16(2) !== 0xffe0 || head.text(6, 5) !== "JFIF\0") return undefined;
  const unit = head.u8(13);
  if (unit !== 1 && unit !== 2) return undefined;
  return head.u16(14) * (unit === 2 ? INCH_CM : 1);
}

/** PNG §11.3.5.3: pixels per metre. */
function pngDpi(head: Uint8Array): number | undefined {
  if (head[0] !== 0x89) return undefined;
  const text = String.fromCharCode(...head.subarray(0, 4096));
  const at = text.indexOf("pHYs");
  if (at < 0) return undefined;
  const chunk = new Head(head.subarray(at + 4));
  return chunk.u8(8) === 1 ? (chunk.u32(0) / 100) * INCH_CM : undefined;
}

function tiffDpi(head: Uint8Array): number | undefined {
  const start = isTiff(head) ? 0 : findTiffHeader(head);
  if (start === undefined) return undefined;
  const { block, little, entries } = readTiffDirectory(head.subarray(start));
  const [resolution, unitEntry] = [entries.get(RESOLUTION_TAG), entries.get(UNIT_TAG)];
  const unit = unitEntry === undefined ? 2 : block.u16(unitEntry + 8, little);
  if (resolution === undefined || (unit !== 2 && unit !== 3)) return undefined;
  const at = block.u32(resolution + 8, little);
  return (block.u32(at, little) / block.u32(at + 4, little)) * (unit === 3 ? INCH_CM : 1);
}
