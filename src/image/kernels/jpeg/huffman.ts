import { isStandard, STANDARD_TABLE_BYTES, standardTable } from "./standard-tables";

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
/** See {@link skipTable} and {@link differenceTable}. */
const SKIPS: usize = memory.data(4 * 4096 * 2, 8);
const VALUES: usize = memory.data(4 * 2048 * 4, 8);
const DIFFERENCES: usize = memory.data(4 * 2048 * 4, 8);
/** i32 for each code length: the first 16-bit value past the codes of that length. */
const LIMITS: usize = memory.data(8 * 17 * 4, 8);
/** i32 for each code length: what to add to a code to get the index of its symbol. */
const OFFSETS: usize = memory.data(8 * 17 * 4, 8);

const UNDEFINED: u8 = 0;
const DEFINED: u8 = 1;
const BUILT: u8 = 2;
const SENSELESS: u8 = 3;
const STATES: usize = memory.data(8);

export function clearTables(): void {
  memory.fill(STATES, UNDEFINED, TABLES);
}

/**
 * Copies one definition: 16 counts of codes by length, then the symbols in order of their codes. One that is no prefix code
 * is an error only if a scan uses it.
 *
 * @param available bytes in the segment from `definition` on
 * @returns its length in bytes, or 0 when it is longer than the segment
 */
export function defineTable(table: i32, definition: usize, available: i32): i32 {
  if (available < MAX_CODE_BITS) return 0;
  let symbols = 0;
  let code = 0;
  let isPrefixCode = true;
  for (let bits = 1; bits <= MAX_CODE_BITS; bits++) {
    const count = load<u8>(definition + bits - 1) as i32;
    symbols += count;
    code += count;
    if (code > 1 << bits) isPrefixCode = false;
    code <<= 1;
  }
  if (symbols > 256 || MAX_CODE_BITS + symbols > available) return 0;
  memory.copy(COUNTS + <usize>table * 16, definition, MAX_CODE_BITS);
  memory.fill(SYMBOLS + <usize>table * 256, 0, 256);
  memory.copy(SYMBOLS + <usize>table * 256, definition + MAX_CODE_BITS, symbols);
  store<u8>(STATES + table, isPrefixCode ? DEFINED : SENSELESS);
  return MAX_CODE_BITS + symbols;
}

/**
 * Makes a table ready for a scan; false when the file never defined it, or not as a table of its kind.
 *
 * @param mayBeStandard a table that was never defined is the standard's own (`standard-tables.ts`)
 */
export function prepareTable(table: i32, mayBeStandard: bool): bool {
  if (mayBeStandard && load<u8>(STATES + table) === UNDEFINED && isStandard(table)) {
    defineTable(table, standardTable(table), STANDARD_TABLE_BYTES);
  }
  const state = load<u8>(STATES + table);
  if (state !== DEFINED) return state === BUILT;
  if (table < FIRST_AC_TABLE && !hasDcSymbols(table)) return false;
  buildLookup(table);
  if (table >= FIRST_AC_TABLE) {
    buildSkips(table);
    buildCoefficients(table);
  } else buildDifferences(table);
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
 * For coefficients that nobody needs: what the next SKIP_BITS bits step over, as many whole symbols as begin in them
 * and end within SKIP_MOST_BITS. u16: bits to drop (0–7), coefficients passed (8–13), SKIP_ENDS when the block ends;
 * SKIP_UNKNOWN where a longer symbol begins.
 */
export function skipTable(table: i32): usize {
  return SKIPS + <usize>((table - FIRST_AC_TABLE) * SKIP_SIZE) * 2;
}

export const SKIP_BITS: i32 = 12;
const SKIP_SIZE: i32 = 1 << SKIP_BITS;
/** Three steps of this many bits fit between two refills of the bit buffer, which bring it to 56. */
const SKIP_MOST_BITS: i32 = 18;
export const SKIP_PASSED_SHIFT: i32 = 8;
/** Both are more coefficients than a block has, so that one comparison tells a step that needs a closer look. */
export const SKIP_ENDS: i32 = 64 << SKIP_PASSED_SHIFT;
const SKIP_UNKNOWN: i32 = 128 << SKIP_PASSED_SHIFT;

/**
 * For DC: the difference that the next DIFFERENCE_BITS bits hold, code and value in one. i32: bits to drop (0–7), the
 * difference (8–31); 0 where the two are longer.
 */
export function differenceTable(table: i32): usize {
  return DIFFERENCES + <usize>(table * DIFFERENCE_SIZE) * 4;
}

export const DIFFERENCE_BITS: i32 = 11;
const DIFFERENCE_SIZE: i32 = 1 << DIFFERENCE_BITS;
export const DIFFERENCE_SHIFT: i32 = 8;

/**
 * For AC: the coefficient that the next COEFFICIENT_BITS bits hold, code and value in one. i32: bits to drop (0–7),
 * coefficients passed with this one (8–15), its value (16–31); AC_ENDS where the block ends, 0 where the two are longer.
 */
export function coefficientTable(table: i32): usize {
  return VALUES + <usize>((table - FIRST_AC_TABLE) * COEFFICIENT_SIZE) * 4;
}

export const COEFFICIENT_BITS: i32 = 11;
const COEFFICIENT_SIZE: i32 = 1 << COEFFICIENT_BITS;
export const AC_PASSED_SHIFT: i32 = 8;
export const AC_ENDS: i32 = 128 << AC_PASSED_SHIFT;
export const AC_VALUE_SHIFT: i32 = 16;

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
  for (let value = 0; value < SKIP_SIZE; value++) {
    store<u16>(skips + ((<usize>value) << 1), skipEntry(lookup, value) as u16);
  }
}

function skipEntry(lookup: usize, value: i32): i32 {
  let dropped = 0;
  let passed = 0;
  while (dropped < SKIP_BITS) {
    const entry = lookUp(lookup, value, dropped, SKIP_BITS);
    const bits = entry >> 8;
    const size = entry & 15;
    const run = (entry >> 4) & 15;
    if (entry === 0 || dropped + bits > SKIP_BITS || dropped + bits + size > SKIP_MOST_BITS) break;
    if (size === 0 && run < 15) return (dropped + bits) | (passed << SKIP_PASSED_SHIFT) | SKIP_ENDS;
    if (passed + run + 1 > COEFFICIENTS_AFTER_DC) break;
    passed += run + 1;
    dropped += bits + size;
  }
  return dropped === 0 ? SKIP_UNKNOWN : dropped | (passed << SKIP_PASSED_SHIFT);
}

const COEFFICIENTS_AFTER_DC: i32 = 63;

/** The entry of the lookup for what is left of `value`, `width` bits of which `dropped` are gone; zeros follow it. */
function lookUp(lookup: usize, value: i32, dropped: i32, width: i32): i32 {
  const left = ((value << dropped) & ((1 << width) - 1)) >> (width - LOOKUP_BITS);
  return load<u16>(lookup + ((<usize>left) << 1));
}

function buildCoefficients(table: i32): void {
  const lookup = lookupTable(table);
  const coefficients = coefficientTable(table);
  for (let value = 0; value < COEFFICIENT_SIZE; value++) {
    store<i32>(coefficients + ((<usize>value) << 2), coefficientEntry(lookup, value));
  }
}

function coefficientEntry(lookup: usize, value: i32): i32 {
  const entry = lookUp(lookup, value, 0, COEFFICIENT_BITS);
  const size = entry & 15;
  const run = (entry >> 4) & 15;
  const bits = (entry >> 8) + size;
  if (entry === 0 || bits > COEFFICIENT_BITS) return 0;
  if (size === 0 && run < 15) return bits | AC_ENDS;
  const raw = (value >> (COEFFICIENT_BITS - bits)) & ((1 << size) - 1);
  return bits | ((run + 1) << AC_PASSED_SHIFT) | (extend(raw, size) << AC_VALUE_SHIFT);
}

function buildDifferences(table: i32): void {
  const lookup = lookupTable(table);
  const differences = differenceTable(table);
  for (let value = 0; value < DIFFERENCE_SIZE; value++) {
    const entry = lookUp(lookup, value, 0, DIFFERENCE_BITS);
    const bits = (entry >> 8) + (entry & 15);
    const isShort = entry !== 0 && bits <= DIFFERENCE_BITS;
    const raw = (value >> (DIFFERENCE_BITS - bits)) & ((1 << (entry & 15)) - 1);
    const difference = isShort ? (extend(raw, entry & 15) << DIFFERENCE_SHIFT) | bits : 0;
    store<i32>(differences + ((<usize>value) << 2), difference);
  }
}

/** A value of `size` bits, 0–15 (T.81 §F.2.2.1, EXTEND): the lower half of the range stands for the negative. */
export function extend(value: i32, size: i32): i32 {
  return size > 0 && value < 1 << (size - 1) ? value - (1 << size) + 1 : value;
}

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
