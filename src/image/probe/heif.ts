import { MediaError } from "../../errors.ts";
import type { ImageProbe, Orientation } from "../probe.ts";
import type { Head } from "./head.ts";

interface Box {
  type: string;
  /** First byte of the payload, and the byte after its last. */
  start: number;
  end: number;
}

/** Reads the primary item of an AVIF or HEIC (ISO/IEC 23008-12 §6, §9.3; 14496-12 §8.11). */
export function probeHeif(head: Head): Omit<ImageProbe, "format"> {
  const meta = findMeta(head);
  const children = boxes(head, meta.start + 4, meta.end);
  const itemProperties = boxesIn(head, children, "iprp");
  const all = boxesIn(head, itemProperties, "ipco");
  const own = propertiesOf(head, itemProperties, primaryItem(head, children), all);
  const extent = own.find((box) => box.type === "ispe") ?? all.find((box) => box.type === "ispe");
  if (extent === undefined) throw new MediaError("corrupt_image", "The image does not say how large it is.");
  const pixels = own.find((box) => box.type === "pixi");
  const isSequence = ["avis", "msf1"].includes(head.text(8, 4));
  return {
    width: head.u32(extent.start + 4),
    height: head.u32(extent.start + 8),
    orientation: orientationOf(head, own),
    hasAlpha: all.some((box) => box.type === "auxC" && auxiliaryName(head, box).includes("alpha")),
    bitDepth: pixels === undefined ? 8 : head.u8(pixels.start + 5),
    components: pixels === undefined ? 3 : head.u8(pixels.start + 4),
    colorModel: "ycbcr",
    coding: "lossy",
    animated: isSequence,
    frames: isSequence ? undefined : 1,
    hasIccProfile: own.some((box) => box.type === "colr" && head.text(box.start, 4) !== "nclx"),
  };
}

function findMeta(head: Head): Box {
  for (let offset = 0, count = 0; count < 64; count++) {
    const box = readBox(head, offset);
    if (box.type === "meta") {
      head.need(box.start, box.end - box.start);
      return box;
    }
    offset = box.end;
  }
  throw new MediaError("corrupt_image", "The image has no meta box near its start.");
}

function readBox(head: Head, offset: number): Box {
  const size = head.u32(offset);
  const type = head.text(offset + 4, 4);
  const isLarge = size === 1;
  const bytes = isLarge ? head.u32(offset + 8) * 2 ** 32 + head.u32(offset + 12) : size;
  const headerBytes = isLarge ? 16 : 8;
  if (bytes < headerBytes) throw new MediaError("corrupt_image", `The ${type} box claims ${bytes} bytes.`);
  return { type, start: offset + headerBytes, end: offset + bytes };
}

function boxes(head: Head, start: number, end: number): Box[] {
  const found: Box[] = [];
  for (let offset = start; offset + 8 <= end; ) {
    const box = readBox(head, offset);
    if (box.end > end)
      throw new MediaError("corrupt_image", `The ${box.type} box is longer than what holds it.`);
    found.push(box);
    offset = box.end;
  }
  return found;
}

function boxesIn(head: Head, siblings: Box[], type: string): Box[] {
  return siblings.filter((box) => box.type === type).flatMap((box) => boxes(head, box.start, box.end));
}

function primaryItem(head: Head, children: Box[]): number {
  const box = children.find(({ type }) => type === "pitm");
  if (box === undefined) return 1;
  return head.u8(box.start) === 0 ? head.u16(box.start + 4) : head.u32(box.start + 4);
}

/** The associations (`ipma`) of one item, in their order, which is the order in which transforms apply. */
function propertiesOf(head: Head, itemProperties: Box[], item: number, all: Box[]): Box[] {
  const box = itemProperties.find(({ type }) => type === "ipma");
  if (box === undefined) return [];
  const hasLongIds = head.u8(box.start) >= 1;
  const hasLongIndexes = (head.u8(box.start + 3) & 1) === 1;
  let offset = box.start + 8;
  for (let entries = head.u32(box.start + 4); entries > 0 && offset < box.end; entries--) {
    const id = hasLongIds ? head.u32(offset) : head.u16(offset);
    const count = head.u8(offset + (hasLongIds ? 4 : 2));
    const first = offset + (hasLongIds ? 5 : 3);
    offset = first + count * (hasLongIndexes ? 2 : 1);
    if (id !== item) continue;
    const indexes = Array.from({ length: count }, (_, at) =>
      hasLongIndexes ? head.u16(first + at * 2) & 0x7fff : head.u8(first + at) & 0x7f,
    );
    return indexes.map((index) => all[index - 1]).filter((property) => property !== undefined);
  }
  return [];
}

/** EXIF orientation for a quarter turn count anticlockwise (`irot`), and then a mirror (`imir`: 0 top to bottom). */
const TURNED: Orientation[] = [1, 8, 3, 6];
const TURNED_THEN_MIRRORED: [Orientation[], Orientation[]] = [
  [4, 5, 2, 7],
  [2, 7, 4, 5],
];

function orientationOf(head: Head, own: Box[]): Orientation {
  const rotation = own.find((box) => box.type === "irot");
  const mirror = own.find((box) => box.type === "imir");
  const turns = rotation === undefined ? 0 : head.u8(rotation.start) & 3;
  const table = mirror === undefined ? TURNED : TURNED_THEN_MIRRORED[(head.u8(mirror.start) & 1) as 0 | 1];
  return table[turns] ?? 1;
}

function auxiliaryName(head: Head, box: Box): string {
  return head.text(box.start + 4, Math.min(64, Math.max(0, box.end - box.start - 4)));
}
