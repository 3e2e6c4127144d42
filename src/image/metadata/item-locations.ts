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
 * The item locations of a HEIF file (`iloc`, ISO/IEC 14496-12 §8.11.3, version 0 or 1 with fields of four bytes) after its
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
  const version = payload[0];
  const form: Form = {
    hasBase: (payload[FIXED.sizes + 1] ?? 0) >> 4 === 4,
    hasMethod: version === 1,
  };
  if ((version !== 0 && version !== 1) || payload[FIXED.sizes] !== 0x44) {
    throw new MediaError("encoder_failed", "Metadata cannot be written into this AVIF.");
  }
  const copy = new Uint8Array(payload);
  const view = viewOf(copy);
  const count = view.getUint16(FIXED.count);
  view.setUint16(FIXED.count, count + items.length);
  moveItems(view, count, form, moved);
  let offset = end;
  const added = items.map(({ data }, index) => {
    const extent = concatBytes(uint32(offset), uint32(data.length));
    offset += data.length;
    const head = concatBytes(uint16(ids[index] ?? 0), form.hasMethod ? [0, 0] : [], [0, 0]);
    return concatBytes(head, form.hasBase ? uint32(0) : [], uint16(1), extent);
  });
  return concatBytes(copy, ...added);
}

interface Form {
  /** Extents count from a base. */
  hasBase: boolean;
  /** It is said of each item whether it lies in the file (0) or in a box of its own. */
  hasMethod: boolean;
}

/** Moves each item of the file by its base, or where it has none each of its extents. */
function moveItems(view: DataView, count: number, { hasBase, hasMethod }: Form, moved: number): void {
  let at = FIXED.items;
  for (let item = 0; item < count; item++) {
    const isInFile = !hasMethod || (view.getUint16(at + 2) & 15) === 0;
    const by = isInFile ? moved : 0;
    const move = (place: number) => view.setUint32(place, view.getUint32(place) + by);
    at += hasMethod ? 6 : 4;
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
