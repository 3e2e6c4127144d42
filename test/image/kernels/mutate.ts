/** The same numbers on every run (Mulberry32). */
export function randomBelow(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

const TELLING_BYTES = [
  0x00, 0x01, 0x3f, 0x7f, 0x80, 0xc0, 0xc2, 0xc4, 0xd0, 0xd9, 0xda, 0xdb, 0xdd, 0xfe, 0xff,
];

/**
 * One to eight bytes changed, cut out, doubled, swapped between files, or the end cut off.
 *
 * @param headerBytes at the start, where half of the changes are made
 */
export function mutate(
  file: Uint8Array,
  other: Uint8Array,
  below: (limit: number) => number,
  headerBytes: number,
): Uint8Array {
  let bytes = file.slice();
  for (let times = 1 + below(4); times > 0 && bytes.length > 0; times--) {
    // The header is a small part of the bytes and most of what can go wrong.
    const at = below(2) === 0 ? below(bytes.length) : below(Math.min(bytes.length, headerBytes));
    const length = 1 + below(8);
    switch (below(7)) {
      case 0:
        bytes[at] = TELLING_BYTES[below(TELLING_BYTES.length)] ?? 0;
        break;
      case 1:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8));
        break;
      case 2:
        bytes.set(
          Uint8Array.from({ length: Math.min(length, bytes.length - at) }, () => below(256)),
          at,
        );
        break;
      case 3:
        bytes = spliced(bytes, at, at + length, bytes.subarray(0, 0));
        break;
      case 4:
        bytes = spliced(bytes, at, at, bytes.subarray(at, at + below(200)));
        break;
      case 5: {
        const from = below(other.length);
        bytes = spliced(bytes, at, at + length, other.subarray(from, from + below(200)));
        break;
      }
      default:
        if (below(4) === 0) bytes = bytes.slice(0, Math.max(4, at));
    }
  }
  return bytes;
}

function spliced(bytes: Uint8Array, from: number, to: number, between: Uint8Array): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(from + between.length + Math.max(0, bytes.length - to));
  result.set(bytes.subarray(0, from));
  result.set(between, from);
  result.set(bytes.subarray(to), from + between.length);
  return result;
}
