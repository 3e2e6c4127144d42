import type { Size } from "../geometry.ts";
import { Head, ShortHead } from "../probe/head.ts";
import { viewOf } from "./bytes.ts";

const ORIENTATION = 0x0112;
const SIDES: Record<number, keyof Size> = {
  256: "width",
  257: "height",
  40962: "width",
  40963: "height",
};
const COLOR_SPACE = 0xa001;
const SRGB = 1;
const EXIF_DIRECTORY = 0x8769;
const THUMBNAIL = { offset: 0x0201, length: 0x0202 };
const STRIPS = { offset: 0x0111, length: 0x0117 };
const SHORT = 3;

/**
 * All of an EXIF block but its thumbnail, which would show what was cut off, with what it says of the picture made true
 * of the output: upright, its size, its colours. Everything stays in its place, because makers' notes say where things
 * lie in the block.
 *
 * @param block from its TIFF header on
 * @param isSrgb the pixels were converted, so the block must not name another colour space
 * @returns undefined when the block is damaged
 */
export function uprightExif(
  block: Uint8Array,
  size: Size,
  isSrgb: boolean,
): Uint8Array<ArrayBuffer> | undefined {
  try {
    return patched(new Uint8Array(block), size, isSrgb);
  } catch (thrown) {
    if (thrown instanceof ShortHead || thrown instanceof RangeError) return undefined;
    throw thrown;
  }
}

function patched(block: Uint8Array<ArrayBuffer>, size: Size, isSrgb: boolean): Uint8Array<ArrayBuffer> {
  const head = new Head(block);
  const view = viewOf(block);
  const little = head.text(0, 2) === "II";
  const correct = (entry: number, tag: number) => {
    const side = SIDES[tag];
    if (tag === ORIENTATION) setNumber(view, entry, 1, little);
    if (side !== undefined) setNumber(view, entry, size[side], little);
    if (tag === COLOR_SPACE && isSrgb) setNumber(view, entry, SRGB, little);
    return tag === EXIF_DIRECTORY ? head.u32(entry + 8, little) : undefined;
  };
  const main = head.u32(4, little);
  const nested = entriesOf(head, main, little).map(({ entry, tag }) => correct(entry, tag));
  // There is one of it: as many as fit into a block, each with as many entries, would be hours of work.
  const directory = nested.find((place) => place !== undefined);
  if (directory !== undefined)
    for (const { entry, tag } of entriesOf(head, directory, little)) correct(entry, tag);
  const next = main + 2 + head.u16(main, little) * 12;
  const thumbnail = head.u32(next, little);
  view.setUint32(next, 0, little);
  return thumbnail === 0 ? block : withoutThumbnail(block, thumbnail, little);
}

/** Blanks the second directory with the picture that it names, and cuts off what is blank at the end. */
function withoutThumbnail(
  block: Uint8Array<ArrayBuffer>,
  directory: number,
  little: boolean,
): Uint8Array<ArrayBuffer> {
  const head = new Head(block);
  const entries = entriesOf(head, directory, little);
  for (const place of [THUMBNAIL, STRIPS]) {
    const offset = entries.find(({ tag }) => tag === place.offset);
    const length = entries.find(({ tag }) => tag === place.length);
    if (!offset || !length) continue;
    const start = head.u32(offset.entry + 8, little);
    block.fill(0, start, start + head.u32(length.entry + 8, little));
  }
  block.fill(0, directory, directory + 2 + entries.length * 12 + 4);
  const end = block.findLastIndex((byte) => byte !== 0) + 1;
  // The last values may end in zeros of their own.
  return directory < end ? block : block.slice(0, Math.max(end, directory));
}

function entriesOf(head: Head, directory: number, little: boolean): { entry: number; tag: number }[] {
  const count = head.u16(directory, little);
  head.need(directory + 2, count * 12 + 4);
  return Array.from({ length: count }, (_, index) => {
    const entry = directory + 2 + index * 12;
    return { entry, tag: head.u16(entry, little) };
  });
}

function setNumber(view: DataView, entry: number, value: number, little: boolean): void {
  view.setUint32(entry + 8, 0);
  if (view.getUint16(entry + 2, little) === SHORT) view.setUint16(entry + 8, Math.min(value, 0xffff), little);
  else view.setUint32(entry + 8, value, little);
}
