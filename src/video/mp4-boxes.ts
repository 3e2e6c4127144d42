/**
 * Boxes of ISO base media files (ISO/IEC 14496-12 §4.2): a 32-bit size, four letters, then the body; size 1 means
 * that a 64-bit size follows.
 */
export interface Mp4Box {
  type: string;
  /** Without the header. */
  body: Uint8Array;
  /** Whole box, bytes. */
  size: number;
}

export interface Mp4BoxHeader {
  type: string;
  /** Whole box, bytes. */
  size: number;
  headerBytes: number;
}

/** The header at `offset`, or `undefined` when the bytes there do not hold a whole one. */
export function readBoxHeader(bytes: Uint8Array, offset = 0): Mp4BoxHeader | undefined {
  if (bytes.length - offset < 8) return undefined;
  const view = viewOf(bytes);
  const type = fourLetters(bytes, offset + 4);
  const size = view.getUint32(offset);
  if (size !== 1) return { type, size, headerBytes: 8 };
  if (bytes.length - offset < 16) return undefined;
  return { type, size: Number(view.getBigUint64(offset + 8)), headerBytes: 16 };
}

/** The boxes that lie next to each other in `bytes`; a cut-off one at the end is left out. */
export function readBoxes(bytes: Uint8Array): Mp4Box[] {
  const boxes: Mp4Box[] = [];
  let offset = 0;
  for (;;) {
    const header = readBoxHeader(bytes, offset);
    if (header === undefined || header.size < header.headerBytes) return boxes;
    if (offset + header.size > bytes.length) return boxes;
    const body = bytes.subarray(offset + header.headerBytes, offset + header.size);
    boxes.push({ type: header.type, body, size: header.size });
    offset += header.size;
  }
}

/** The first box at a path such as `["moov", "trak", "mdia"]`. */
export function findBox(bytes: Uint8Array, path: readonly string[]): Mp4Box | undefined {
  const [type, ...rest] = path;
  const box = readBoxes(bytes).find((candidate) => candidate.type === type);
  return box === undefined || rest.length === 0 ? box : findBox(box.body, rest);
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function fourLetters(bytes: Uint8Array, offset: number): string {
  return String.fromCharCode(...bytes.subarray(offset, offset + 4));
}
