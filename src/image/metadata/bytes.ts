/** Larger blocks of metadata are left unread, bytes: no camera writes them, and they would go into every output. */
export const MAX_BLOCK_BYTES = 4 * 1024 * 1024;

/** Bytes as Latin-1 text, for signatures and four-letter codes. */
export function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

/** Latin-1 text as bytes; other letters lose what is above a byte. */
export function fromLatin1(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

/** A four-byte number, most significant byte first unless told otherwise. */
export function uint32(value: number, littleEndian = false): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, littleEndian);
  return bytes;
}

/** One array of all parts, in their order. */
export function concatBytes(...parts: (Uint8Array | readonly number[])[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
