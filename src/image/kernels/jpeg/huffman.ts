/**
 * The Huffman tables of a file (T.81 annex C), and the tables that make decoding fast. A definition is only copied
 * when it is met; what is built from it is built when a scan is about to use it, so that a file of nothing but
 * definitions costs nothing.
 */

/** Codes up to this length, nearly all of those in a picture, are found with one look. */
export const LOOKUP_BITS: i32 = 11;
const LOOKUP_SIZE: i32 = 1 << LOOKUP_BITS;
const MAX_CODE_BITS: i32 = 16;

/** Tables 0–3 are for DC, 4–7 for AC. */
export const FIRST_AC_TABLE: i32 = 4;
const TABLES: i32 = 8;

const COUNTS: usize = memory.data(8 * 16);
const SYMBOLS: usize = memory.data(8 * 256);
/** u16 for each LOOKUP_BITS bits: code length << 8 | symbol; 0 where a longer code begins. */
const LOOKUPS: usize = memory.data(8 * 2048 * 2, 8);
/** u32 for each LOOKUP_BITS bits: see {@link skipTable}. */
const SKIPS: usize = memory.data(4 * 2048 * 4, 8);
/** i32 for each code length: the first 16-bit value past the codes of that length. */
const LIMITS: usize = memory.data(8 * 17 * 4, 8);
/** i32 for each code length: what to add to a code to get the index of its symbol. */
const OFFSETS: usize = memory.data(8 * 17 * 4, 8);

const UNDEFINED: u8 = 0;
const DEFINED: u8 = 1;
const BUILT: u8 = 2;
const STATES: usize = memory.data(8);

export function clearTables(): void {
  memory.fill(STATES, UNDEFINED, TABLES);
}

/**
 * Copies one definition: 16 counts of codes by length, then the symbols in order of their codes.
 *
 * @param available bytes in the segment from `definition` on
 * @returns its length in bytes, or 0 when it is not a prefix code
 */
export function defineTable(table: i32, definition: usize, available: i32): i32 {
  if (available < MAX_CODE_BITS) return 0;
  let symbols = 0;
  let code = 0;
  for (let bits = 1; bits <= MAX_CODE_BITS; bits++) {
    const count = load<u8>(definition + bits - 1) as i32;
    symbols += count;
    code += count;
    if (code > 1 << bits) return 0;
    code <<= 1;
  }
  if (symbols > 256 || MAX_CODE_BITS + symbols > available) return 0;
  memory.copy(COUNTS + <usize>table * 16, definition, MAX_CODE_BITS);
  memory.fill(SYMBOLS + <usize>table * 256, 0, 256);
  memory.copy(SYMBOLS + <usize>table * 256, definition + MAX_CODE_BITS, symbols);
  store<u8>(STATES + table, DEFINED);
  return MAX_CODE_BITS + symbols;
}

/** Makes a table ready for a scan; false when the file never defined it, or not as a table of its kind. */
export function prepareTable(table: i32): bool {
  const state = load<u8>(STATES + table);
  if (state !== DEFINED) return state === BUILT;
  if (table < FIRST_AC_TABLE && !hasDcSymbols(table)) return false;
  buildLookup(table);
  if (table >= FIRST_AC_TABLE) buildSkips(table);
  store<u8>(STATES + table, BUILT);
  return true;
}

/** A DC symbol is the number of bits of a difference: more than 15 of them mean nothing. */
function hasDcSymbols(table: i32): bool {
  for (let index = 0; index < 256; index++) {
    if (load<u8>(SYMBOLS + <usize>(table * 256 + index)) > 15) return false;
  }
  return true;
}

export function lookupTable(table: i32): usize {
  return LOOKUPS + <usize>(table * LOOKUP_SIZE) * 2;
}

/**
 * For coefficients that nobody needs: what the next LOOKUP_BITS bits step over, as two 16-bit halves. The high half
 * is the first symbol alone, the low half as many whole symbols as fit. Each: bits to drop (0–5), coefficients passed
 * (6–12), and whether the block ends (13). 0 where a longer code begins.
 */
export function skipTable(table: i32): usize {
  return SKIPS + <usize>((table - FIRST_AC_TABLE) * LOOKUP_SIZE) * 4;
}

/** How the halves of a skip entry are packed. */
export const SKIP_BITS_MASK: i32 = 63;
export const SKIP_PASSED_SHIFT: i32 = 6;
export const SKIP_PASSED_MASK: i32 = 127;
export const SKIP_ENDS: i32 = 1 << 13;

function buildLookup(table: i32): void {
  const lookup = lookupTable(table);
  memory.fill(lookup, 0, LOOKUP_SIZE * 2);
  let code = 0;
  let index = 0;
  for (let bits = 1; bits <= MAX_CODE_BITS; bits++) {
    const count = load<u8>(COUNTS + <usize>(table * 16 + bits - 1)) as i32;
    const slot = <usize>(table * 17 + bits) * 4;
    store<i32>(OFFSETS + slot, index - code);
    for (let end = index + count; index < end; index++, code++) {
      if (bits <= LOOKUP_BITS)
        fillLookup(lookup, code, bits, load<u8>(SYMBOLS + <usize>(table * 256 + index)));
    }
    store<i32>(LIMITS + slot, code << (MAX_CODE_BITS - bits));
    code <<= 1;
  }
}

/** Every value that begins with the code leads to its symbol. */
function fillLookup(lookup: usize, code: i32, bits: i32, symbol: u8): void {
  const entry = ((bits << 8) | symbol) as u16;
  const first = code << (LOOKUP_BITS - bits);
  const end = (code + 1) << (LOOKUP_BITS - bits);
  for (let value = first; value < end; value++) store<u16>(lookup + ((<usize>value) << 1), entry);
}

function buildSkips(table: i32): void {
  const lookup = lookupTable(table);
  const skips = skipTable(table);
  for (let value = 0; value < LOOKUP_SIZE; value++) {
    store<u32>(skips + ((<usize>value) << 2), skipEntry(lookup, value));
  }
}

function skipEntry(lookup: usize, value: i32): u32 {
  let first = 0;
  let many = 0;
  let dropped = 0;
  let passed = 0;
  let ends = false;
  while (!ends && dropped < LOOKUP_BITS) {
    const entry = load<u16>(lookup + ((<usize>((value << dropped) & (LOOKUP_SIZE - 1))) << 1)) as i32;
    const bits = entry >> 8;
    if (entry === 0 || dropped + bits > LOOKUP_BITS) break;
    const size = entry & 15;
    const run = (entry >> 4) & 15;
    if (size === 0 && run < 15) ends = true;
    else if (passed + run + 1 > COEFFICIENTS_AFTER_DC) break;
    else passed += run + 1;
    dropped += bits + size;
    many = dropped | (passed << SKIP_PASSED_SHIFT) | (ends ? SKIP_ENDS : 0);
    if (first === 0) first = many;
  }
  return ((first << 16) | many) as u32;
}

const COEFFICIENTS_AFTER_DC: i32 = 63;

/**
 * Finds a code that the lookup does not hold.
 *
 * @param next the next 16 bits
 * @returns code length << 8 | symbol; 0 when no code begins like this
 */
export function findLongCode(table: i32, next: i32): i32 {
  for (let bits = LOOKUP_BITS + 1; bits <= MAX_CODE_BITS; bits++) {
    const slot = <usize>(table * 17 + bits) * 4;
    if (next < load<i32>(LIMITS + slot)) {
      const index = (next >> (MAX_CODE_BITS - bits)) + load<i32>(OFFSETS + slot);
      return (bits << 8) | load<u8>(SYMBOLS + <usize>(table * 256 + (index & 255)));
    }
  }
  return 0;
}
