import { MediaError } from "../../errors.ts";
import { FULL_BOX_BYTES, uint16 } from "./boxes.ts";
import { concatBytes, uint32, viewOf } from "./bytes.ts";

/** An item of a HEIF file to be written. */
export interface NewItem {
  /** Four letters and a 0; of a `mime` item its media type and another 0 behind. */
  kind: string;
  data: Uint8Array;
}

/** Flags, ids and the counts of items and extents. */
const FIXED = { sizes: FULL_BOX_BYTES, count: FULL_BOX_BYTES + 2, items: FULL_BOX_BYTES + 4 };

/**
 * The item locations of a HEIF file (`iloc`, ISO/IEC 14496-12 §8.11.3, version 0 with fields of four bytes) after its
 * data has moved, with those of new items that follow each other.
 *
 * @param places by how many bytes what is there has moved, and where in the file the new items begin
 * @throws MediaError `encoder_failed` for another version
 */
export function withItems(
  payload: Uint8Array,
  items: readonly NewItem[],
  ids: readonly number[],
  { moved, end }: { moved: number; end: number },
): Uint8Array {
  const hasBase = (payload[FIXED.sizes + 1] ?? 0) >> 4 === 4;
  if (payload[0] !== 0 || payload[FIXED.sizes] !== 0x44) {
    throw new MediaError("encoder_failed", "Metadata cannot be written into this AVIF.");
  }
  const copy = new Uint8Array(payload);
  const view = viewOf(copy);
  const count = view.getUint16(FIXED.count);
  view.setUint16(FIXED.count, count + items.length);
  moveItems(view, count, hasBase, moved);
  let offset = end;
  const added = items.map(({ data }, index) => {
    const extent = concatBytes(uint32(offset), uint32(data.length));
    offset += data.length;
    return concatBytes(uint16(ids[index] ?? 0), [0, 0], hasBase ? uint32(0) : [], uint16(1), extent);
  });
  return concatBytes(copy, ...added);
}

/** Moves each item by its base, or where it has none each of its extents. */
function moveItems(view: DataView, count: number, hasBase: boolean, moved: number): void {
  const move = (at: number) => view.setUint32(at, view.getUint32(at) + moved);
  let at = FIXED.items;
  for (let item = 0; item < count; item++) {
    at += 4;
    if (hasBase) {
      move(at);
      at += 4;
    }
    const extents = view.getUint16(at);
    at += 2;
    for (let extent = 0; extent < extents; extent++, at += 8) {
      if (!hasBase) move(at);
    }
  }
}
