import { concatBytes, fromLatin1, latin1, uint32, viewOf } from "./bytes.ts";

/** A box of an ISO base media file (ISO/IEC 14496-12 §4.2). */
export interface Box {
  type: string;
  /** Behind its length and type. */
  payload: Uint8Array;
}

/** Version and flags, which come first in the payload of a full box, bytes. */
export const FULL_BOX_BYTES = 4;

/** The boxes that follow each other; ends where the bytes make no sense, and at a box of 64-bit length. */
export function readBoxes(bytes: Uint8Array): Box[] {
  const view = viewOf(bytes);
  const boxes: Box[] = [];
  let at = 0;
  while (at + 8 <= bytes.length) {
    const said = view.getUint32(at);
    const length = said === 0 ? bytes.length - at : said;
    if (length < 8 || at + length > bytes.length) break;
    boxes.push({
      type: latin1(bytes.subarray(at + 4, at + 8)),
      payload: bytes.subarray(at + 8, at + length),
    });
    at += length;
  }
  return boxes;
}

export function writeBox(
  type: string,
  ...parts: (Uint8Array | readonly number[])[]
): Uint8Array<ArrayBuffer> {
  const payload = concatBytes(...parts);
  return concatBytes(uint32(payload.length + 8), fromLatin1(type), payload);
}

export function uint16(value: number): number[] {
  return [value >> 8, value & 255];
}
