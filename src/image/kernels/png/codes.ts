/**
 * Huffman codes of deflate (RFC 1951 §3.2.2) as tables: the next bits of the data are an index, and the entry there says
 * which symbol they begin with. A first table answers codes up to `PRIMARY` bits; a longer code leads from its first bits
 * to a table of its own for the rest.
 *
 * An entry is 32 bits: how many of the bits it answers for in the lowest 8, how many bits follow in the next 5 (of a
 * length, a distance, or the index into a second table), marks, and the value in the upper 16: a literal byte, the least
 * length or distance, or where the second table begins. A value of 0 without a mark is no code.
 */
export const LITERAL: u32 = 0x8000;
export const END_OF_BLOCK: u32 = 0x4000;
export const SUBTABLE: u32 = 0x2000;

export const MAX_CODE_BITS: i32 = 15;

/** What symbols stand for. */
export const CODE_LENGTHS: i32 = 0;
export const LITERALS: i32 = 1;
export const DISTANCES: i32 = 2;

/** Symbols of each length 1–15, then the next code of each. */
const counts = memory.data(16 * 4);
const nextCodes = memory.data(16 * 4);

/**
 * Fills the table of one code.
 *
 * @param table room for {@link tableEntries} entries
 * @param primary bits of the first table
 * @param lengths a byte for each symbol: the bits of its code, 0 for none
 * @returns false when the lengths make no prefix code. An incomplete one is let be where it has a single symbol, as
 *   encoders write it for distances; a code that is not there is noticed when it comes.
 */
export function buildTable(table: usize, primary: i32, lengths: usize, symbols: i32, kind: i32): bool {
  memory.fill(counts, 0, 16 * 4);
  let longest = 0;
  let used = 0;
  for (let symbol = 0; symbol < symbols; symbol++) {
    const bits = <i32>load<u8>(lengths + symbol);
    if (bits === 0) continue;
    const at = counts + ((<usize>bits) << 2);
    store<i32>(at, load<i32>(at) + 1);
    longest = max(longest, bits);
    used++;
  }
  if (!assignCodes(used)) return false;

  memory.fill(table, 0, (<usize>tableEntries(primary, symbols)) << 2);
  const rest = max(longest - primary, 0);
  let free = 1 << primary;
  for (let symbol = 0; symbol < symbols; symbol++) {
    const bits = <i32>load<u8>(lengths + symbol);
    if (bits === 0) continue;
    const at = nextCodes + ((<usize>bits) << 2);
    const code = reversed(load<i32>(at), bits);
    store<i32>(at, load<i32>(at) + 1);
    const entry = entryOf(symbol, kind);
    if (bits <= primary) {
      repeat(table, code, bits, 1 << primary, entry | bits);
      continue;
    }
    const door = table + ((<usize>(code & ((1 << primary) - 1))) << 2);
    if (load<u32>(door) === 0) {
      store<u32>(door, ((<u32>free) << 16) | SUBTABLE | ((<u32>rest) << 8) | primary);
      free += 1 << rest;
    }
    const inner = table + ((<usize>(load<u32>(door) >>> 16)) << 2);
    repeat(inner, code >>> primary, bits - primary, 1 << rest, entry | (bits - primary));
  }
  return true;
}

/** Entries that any code of so many symbols may need. */
export function tableEntries(primary: i32, symbols: i32): i32 {
  return (1 << primary) + (symbols << (MAX_CODE_BITS - primary));
}

/** The first code of each length (RFC 1951 §3.2.2, step 2). */
function assignCodes(used: i32): bool {
  let code = 0;
  let left = 1;
  for (let bits = 1; bits <= MAX_CODE_BITS; bits++) {
    const count = load<i32>(counts + ((<usize>bits) << 2));
    left = (left << 1) - count;
    if (left < 0) return false;
    code = (code + load<i32>(counts + ((<usize>(bits - 1)) << 2))) << 1;
    store<i32>(nextCodes + ((<usize>bits) << 2), code);
  }
  return left === 0 || used <= 1;
}

/** Codes come with their first bit lowest. */
function reversed(code: i32, bits: i32): i32 {
  let answer = 0;
  for (let bit = 0; bit < bits; bit++) answer |= ((code >> bit) & 1) << (bits - 1 - bit);
  return answer;
}

/** Writes an entry wherever the code is followed by any other bits. */
function repeat(table: usize, code: i32, bits: i32, size: i32, entry: u32): void {
  for (let at = code; at < size; at += 1 << bits) store<u32>(table + ((<usize>at) << 2), entry);
}

// RFC 1951 §3.2.5.
const LENGTH_BASE = memory.data<u16>([
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195,
  227, 258,
]);
const LENGTH_EXTRA = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
]);
const DISTANCE_BASE = memory.data<u16>([
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097,
  6145, 8193, 12289, 16385, 24577,
]);
const FIRST_LENGTH: i32 = 257;
const LENGTHS: i32 = 29;
const DISTANCE_SYMBOLS: i32 = 30;

/** The entry of a symbol but for its length; 0 for symbols that no data may use. */
function entryOf(symbol: i32, kind: i32): u32 {
  if (kind === CODE_LENGTHS) return (<u32>symbol) << 16;
  if (kind === DISTANCES) {
    if (symbol >= DISTANCE_SYMBOLS) return 0;
    const extra = symbol < 4 ? 0 : (symbol >> 1) - 1;
    return ((<u32>load<u16>(DISTANCE_BASE + ((<usize>symbol) << 1))) << 16) | ((<u32>extra) << 8);
  }
  if (symbol < 256) return ((<u32>symbol) << 16) | LITERAL;
  if (symbol === 256) return END_OF_BLOCK;
  const index = symbol - FIRST_LENGTH;
  if (index >= LENGTHS) return 0;
  const base = <u32>load<u16>(LENGTH_BASE + ((<usize>index) << 1));
  return (base << 16) | ((<u32>load<u8>(LENGTH_EXTRA + index)) << 8);
}
