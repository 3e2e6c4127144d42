/** A box (ISO/IEC 14496-12 §4.2) with a 32-bit size. */
export function mp4Box(type: string, ...parts: readonly Uint8Array[]): Uint8Array {
  const body = concatBytes(parts);
  const letters = Uint8Array.from(type, (letter) => letter.charCodeAt(0));
  return concatBytes([uint32s(body.length + 8), letters, body]);
}

/** A box that begins with a version and 24 bits of flags. */
export function fullBox(type: string, version: number, flags: number, body: Uint8Array): Uint8Array {
  return mp4Box(type, uint32s(((version << 24) | flags) >>> 0), body);
}

/** Big-endian 32-bit numbers; negative ones as two's complement. */
export function uint32s(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => {
    view.setUint32(i * 4, value >>> 0);
  });
  return bytes;
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}
