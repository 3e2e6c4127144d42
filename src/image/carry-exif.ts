import { findTiffHeader, technicalExif } from "./analyze/exif-fields.ts";
import type { ImageOutput } from "./output.ts";
import { Head, ShortHead } from "./probe/head.ts";

/** How much of a source is searched for what is carried over, bytes: EXIF stands at the start. */
export const EXIF_SEARCH_BYTES = 131_072;

/**
 * A JPEG with what its output keeps of the source's EXIF, right behind its first marker (EXIF 2.32 §4.7.2). The same
 * JPEG when there is nothing to keep.
 *
 * @param jpeg as the encoder wrote it, without metadata
 * @param head the first {@link EXIF_SEARCH_BYTES} of the source
 */
export function carryExif(
  jpeg: Uint8Array<ArrayBuffer>,
  head: Uint8Array,
  kept: NonNullable<ImageOutput["exif"]>,
): Uint8Array<ArrayBuffer> {
  const block = kept === "keep" ? wholeBlock(head) : copyrightBlock(technicalExif(head).copyright);
  if (block === undefined || block.length + 8 > 0xffff) return jpeg;
  const length = block.length + 8;
  const marker = [0xff, 0xe1, length >> 8, length & 255, ...ascii("Exif\0\0")];
  const carried = new Uint8Array(jpeg.length + marker.length + block.length);
  carried.set(jpeg.subarray(0, 2));
  carried.set(marker, 2);
  carried.set(block, 2 + marker.length);
  carried.set(jpeg.subarray(2), 2 + marker.length + block.length);
  return carried;
}

const COPYRIGHT = 0x8298;
const ORIENTATION = 0x0112;
const ASCII = 2;

/** A block of one entry: the copyright, as ASCII (TIFF 6.0 §2). */
function copyrightBlock(copyright: string | number | undefined): Uint8Array | undefined {
  if (typeof copyright !== "string") return undefined;
  const text = [...ascii(copyright), 0];
  const inEntry = text.length <= 4;
  const block = new Uint8Array(26 + (inEntry ? 0 : text.length));
  const view = new DataView(block.buffer);
  block.set(ascii("MM\0*"));
  view.setUint32(4, 8);
  view.setUint16(8, 1);
  view.setUint16(10, COPYRIGHT);
  view.setUint16(12, ASCII);
  view.setUint32(14, text.length);
  if (!inEntry) view.setUint32(18, 26);
  block.set(text, inEntry ? 18 : 26);
  return block;
}

/**
 * The whole block of a JPEG, upright and without its thumbnail: the picture has been turned, and the thumbnail would
 * show what was cut off. Undefined when there is none or it is damaged.
 */
function wholeBlock(head: Uint8Array): Uint8Array | undefined {
  const start = findTiffHeader(head);
  // The segment's length stands before its `Exif\0\0`.
  if (start === undefined || start < 10 || head[start - 10] !== 0xff || head[start - 9] !== 0xe1)
    return undefined;
  const length = (((head[start - 8] ?? 0) << 8) | (head[start - 7] ?? 0)) - 8;
  if (length < 14 || start + length > head.length) return undefined;
  try {
    return uprightWithoutThumbnail(head.slice(start, start + length));
  } catch (thrown) {
    if (thrown instanceof ShortHead) return undefined;
    throw thrown;
  }
}

function uprightWithoutThumbnail(block: Uint8Array): Uint8Array | undefined {
  const read = new Head(block);
  const little = read.text(0, 2) === "II";
  const directory = read.u32(4, little);
  const entries = read.u16(directory, little);
  const end = directory + 2 + entries * 12;
  const thumbnail = read.u32(end, little);
  // Cameras write the thumbnail last; one that stands elsewhere cannot be cut away with certainty.
  if (thumbnail !== 0 && thumbnail < end) return undefined;
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  for (let entry = directory + 2; entry < end; entry += 12) {
    if (read.u16(entry, little) !== ORIENTATION) continue;
    view.setUint16(entry + 8, 1, little);
    view.setUint16(entry + 10, 0, little);
  }
  view.setUint32(end, 0, little);
  return thumbnail === 0 ? block : block.subarray(0, Math.min(block.length, thumbnail));
}

function ascii(text: string): number[] {
  return Array.from(text, (letter) => letter.charCodeAt(0) & 255);
}
