/**
 * The most that a header may take, bytes: room for a full set of ICC, XMP and preview segments. What lies past it is
 * not read, so that a hostile length cannot make a caller fetch a whole upload.
 */
export const MAX_HEAD_BYTES = 16 * 1024 * 1024;

/** Thrown by {@link Head} when a reader steps past the bytes at hand; caught by `probeImage` alone. */
export class ShortHead extends Error {
  /** Bytes from the start of the file that the step needs. */
  readonly neededBytes: number;

  constructor(neededBytes: number) {
    super(`needs ${neededBytes} bytes`);
    this.neededBytes = neededBytes;
  }
}

/** The first bytes of a file, read at absolute offsets. Every read is checked; one past the end throws {@link ShortHead}. */
export class Head {
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get length(): number {
    return this.bytes.length;
  }

  /** Asserts that `length` bytes at `offset` are at hand. */
  need(offset: number, length: number): void {
    if (offset + length > this.bytes.length) throw new ShortHead(offset + length);
  }

  u8(offset: number): number {
    this.need(offset, 1);
    return this.#view.getUint8(offset);
  }

  u16(offset: number, littleEndian = false): number {
    this.need(offset, 2);
    return this.#view.getUint16(offset, littleEndian);
  }

  u24le(offset: number): number {
    return this.u16(offset, true) + this.u8(offset + 2) * 0x1_00_00;
  }

  u32(offset: number, littleEndian = false): number {
    this.need(offset, 4);
    return this.#view.getUint32(offset, littleEndian);
  }

  i32(offset: number, littleEndian = false): number {
    this.need(offset, 4);
    return this.#view.getInt32(offset, littleEndian);
  }

  slice(offset: number, length: number): Uint8Array {
    this.need(offset, length);
    return this.bytes.subarray(offset, offset + length);
  }

  /** `length` bytes as Latin-1 text, for four-letter codes and signatures. */
  text(offset: number, length: number): string {
    return String.fromCharCode(...this.slice(offset, length));
  }
}
