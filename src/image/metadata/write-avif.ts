import { MediaError } from "../../errors.ts";
import { type Box, FULL_BOX_BYTES, readBoxes, uint16, writeBox } from "./boxes.ts";
import { concatBytes, fromLatin1, uint32, viewOf } from "./bytes.ts";
import { type NewItem, withItems } from "./item-locations.ts";
import type { SourceMetadata } from "./source-metadata.ts";

/**
 * Metadata as items beside the picture, in a second `mdat` (ISO/IEC 23008-12 annex A), and the profile as a property of
 * the picture. The boxes before the first `mdat` grow by that, so where items lie moves along.
 *
 * @throws MediaError `encoder_failed` for a layout that neither of our encoders writes
 */
export function writeAvifMetadata(
  avif: Uint8Array<ArrayBuffer>,
  { exif, xmp, icc }: SourceMetadata,
): Uint8Array<ArrayBuffer> {
  const top = readBoxes(avif);
  const meta = top.find(({ type }) => type === "meta");
  if (meta === undefined) throw unknownLayout("it has no meta box");
  const items = itemsOf(exif, xmp);
  // The locations are as long wherever the items lie, so a first try tells how much the boxes grow.
  const draft = rebuilt(meta, items, icc, { moved: 0, end: 0 });
  const moved = draft.length - (meta.payload.length + 8);
  const final = rebuilt(meta, items, icc, { moved, end: avif.length + moved + 8 });
  return concatBytes(
    ...top.map((box) => (box === meta ? final : writeBox(box.type, box.payload))),
    items.length > 0 ? writeBox("mdat", ...items.map(({ data }) => data)) : [],
  );
}

/** EXIF begins with how far its TIFF header is away (§A.2.1); XMP is a resource of its media type (§A.3). */
function itemsOf(exif: Uint8Array | undefined, xmp: Uint8Array | undefined): NewItem[] {
  const items: NewItem[] = [];
  if (exif) items.push({ kind: "Exif\0", data: concatBytes(uint32(0), exif) });
  if (xmp) items.push({ kind: "mime\0application/rdf+xml\0", data: xmp });
  return items;
}

/** @param places by how many bytes what is there moves, and where in the file the new items begin */
function rebuilt(
  meta: Box,
  items: readonly NewItem[],
  icc: Uint8Array | undefined,
  places: { moved: number; end: number },
): Uint8Array {
  const children = readBoxes(meta.payload.subarray(FULL_BOX_BYTES));
  const find = (type: string) => children.find((child) => child.type === type);
  const [info, locations, primaryItem] = [find("iinf"), find("iloc"), find("pitm")];
  if (!info || !locations || !primaryItem) throw unknownLayout("it names no items");
  const primary = viewOf(primaryItem.payload).getUint16(FULL_BOX_BYTES);
  const ids = items.map((_, index) => newId(info, index));
  const rewrite = ({ type, payload }: Box): Uint8Array => {
    if (type === "iinf") return withInfo(payload, items, ids);
    if (type === "iloc") return writeBox("iloc", withItems(payload, items, ids, places));
    if (type === "iref") return writeBox("iref", payload, references(ids, primary));
    if (type === "iprp" && icc) return withProfile(payload, icc, primary);
    return writeBox(type, payload);
  };
  const referring =
    items.length === 0 || find("iref") ? [] : writeBox("iref", [0, 0, 0, 0], references(ids, primary));
  return writeBox("meta", meta.payload.subarray(0, FULL_BOX_BYTES), ...children.map(rewrite), referring);
}

/** Items are counted in `iinf`, and their ids go up from 1 in the files of both encoders. */
function newId(info: Box, index: number): number {
  const count = viewOf(info.payload).getUint16(FULL_BOX_BYTES);
  const used = readBoxes(info.payload.subarray(FULL_BOX_BYTES + 2)).map(({ payload }) =>
    viewOf(payload).getUint16(FULL_BOX_BYTES),
  );
  return Math.max(count, ...used) + 1 + index;
}

function withInfo(info: Uint8Array, items: readonly NewItem[], ids: readonly number[]): Uint8Array {
  const version = [2, 0, 0, 0];
  const entries = items.map(({ kind }, index) => {
    const [type = "", contentType] = kind.split("\0");
    // No protection; then the type, an empty name and, of a resource, its media type (ISO/IEC 14496-12 §8.11.6).
    const text = `${type}\0${contentType ? `${contentType}\0` : ""}`;
    return writeBox("infe", version, uint16(ids[index] ?? 0), [0, 0], fromLatin1(text));
  });
  const count = viewOf(info).getUint16(FULL_BOX_BYTES) + items.length;
  return writeBox(
    "iinf",
    info.subarray(0, FULL_BOX_BYTES),
    uint16(count),
    info.subarray(FULL_BOX_BYTES + 2),
    ...entries,
  );
}

/** Each of the items describes the picture (`cdsc`, ISO/IEC 23008-12 §6.4.5). */
function references(ids: readonly number[], primary: number): Uint8Array {
  return concatBytes(...ids.map((id) => writeBox("cdsc", uint16(id), uint16(1), uint16(primary))));
}

/** The profile as the last property, and the picture's association with it. */
function withProfile(properties: Uint8Array, icc: Uint8Array, primary: number): Uint8Array {
  const [container, associations] = readBoxes(properties);
  if (!container || associations?.type !== "ipma") throw unknownLayout("its properties are elsewhere");
  const index = readBoxes(container.payload).length + 1;
  return writeBox(
    "iprp",
    writeBox("ipco", container.payload, writeBox("colr", fromLatin1("prof"), icc)),
    writeBox("ipma", associated(associations.payload, primary, index)),
  );
}

/** Version 0 with indexes of one byte: id, how many, and each (ISO/IEC 23008-12 §9.3.1). */
function associated(payload: Uint8Array, primary: number, index: number): Uint8Array {
  if (payload[0] !== 0 || ((payload[3] ?? 0) & 1) !== 0) throw unknownLayout("its associations are wide");
  const view = viewOf(payload);
  let at = FULL_BOX_BYTES + 4;
  while (at + 3 <= payload.length) {
    const count = payload[at + 2] ?? 0;
    const end = at + 3 + count;
    if (view.getUint16(at) === primary) {
      return concatBytes(
        payload.subarray(0, at + 2),
        [count + 1],
        payload.subarray(at + 3, end),
        [index],
        payload.subarray(end),
      );
    }
    at = end;
  }
  throw unknownLayout("its picture has no properties");
}

function unknownLayout(privateDetail: string): MediaError {
  return new MediaError("encoder_failed", "Metadata cannot be written into this AVIF.", { privateDetail });
}
