/**
 * Undoes the filter of one row (PNG third edition §9): each byte was stored as its difference from a guess, made of the
 * byte of the pixel to the left (a), the one above (b) and the one above to the left (c).
 *
 * Pixels of three bytes or more go through a vector of 16-bit lanes, one for each byte of the pixel. Rows may be read and
 * written up to `ROW_SLACK` bytes past their end: what is written past a pixel belongs to the next, which comes after.
 */

/** Bytes past the end of a row that may be read or written. */
export const ROW_SLACK: i32 = 16;

const NONE: i32 = 0;
const SUB: i32 = 1;
const UP: i32 = 2;
const AVERAGE: i32 = 3;
const PAETH: i32 = 4;

/** Bytes of a pixel from which on vectors pay. */
const VECTOR_PIXEL_BYTES: i32 = 3;

/**
 * @param filter the row's first byte
 * @param stored the row behind it, `length` bytes
 * @param above the row above as it was before filtering; zeros for the first
 * @param pixelBytes bytes from a sample to the same one of the next pixel, at least 1
 * @returns false for a filter that does not exist
 */
export function unfilterRow(
  filter: i32,
  stored: usize,
  above: usize,
  row: usize,
  length: i32,
  pixelBytes: i32,
): bool {
  if (filter === NONE) memory.copy(row, stored, length);
  else if (filter === UP) addAbove(stored, above, row, length);
  else if (filter > PAETH) return false;
  else if (pixelBytes < VECTOR_PIXEL_BYTES) addToBytes(filter, stored, above, row, length, pixelBytes);
  else if (filter === SUB) addLeft(stored, row, length, pixelBytes);
  else if (filter === AVERAGE) addAverage(stored, above, row, length, pixelBytes);
  else addPaeth(stored, above, row, length, pixelBytes);
  return true;
}

function addAbove(stored: usize, above: usize, row: usize, length: i32): void {
  for (let at: usize = 0; at < <usize>length; at += 16) {
    v128.store(row + at, i8x16.add(v128.load(stored + at), v128.load(above + at)));
  }
}

function addLeft(stored: usize, row: usize, length: i32, pixelBytes: i32): void {
  let left = i8x16.splat(0);
  for (let at: usize = 0; at < <usize>length; at += pixelBytes) {
    left = i8x16.add(left, v128.load64_zero(stored + at));
    v128.store64_lane(row + at, left, 0);
  }
}

function addAverage(stored: usize, above: usize, row: usize, length: i32, pixelBytes: i32): void {
  const one = i8x16.splat(1);
  let left = i8x16.splat(0);
  for (let at: usize = 0; at < <usize>length; at += pixelBytes) {
    const up = v128.load64_zero(above + at);
    // The instruction rounds up where the two differ in their last bit; the filter rounds down.
    const odd = v128.and(v128.xor(left, up), one);
    const average = i8x16.sub(i8x16.avgr_u(left, up), odd);
    left = i8x16.add(average, v128.load64_zero(stored + at));
    v128.store64_lane(row + at, left, 0);
  }
}

function addPaeth(stored: usize, above: usize, row: usize, length: i32, pixelBytes: i32): void {
  const low = i16x8.splat(255);
  let a = i16x8.splat(0);
  let c = i16x8.splat(0);
  for (let at: usize = 0; at < <usize>length; at += pixelBytes) {
    const b = v128.load8x8_u(above + at);
    const fromA = i16x8.sub(b, c);
    const fromB = i16x8.sub(a, c);
    const pa = i16x8.abs(fromA);
    const pb = i16x8.abs(fromB);
    const pc = i16x8.abs(i16x8.add(fromA, fromB));
    const bOrC = v128.bitselect(c, b, i16x8.gt_s(pb, pc));
    const guess = v128.bitselect(bOrC, a, i16x8.gt_s(pa, i16x8.min_s(pb, pc)));
    a = v128.and(i16x8.add(v128.load8x8_u(stored + at), guess), low);
    v128.store64_lane(row + at, i8x16.narrow_i16x8_u(a, a), 0);
    c = b;
  }
}

function addToBytes(
  filter: i32,
  stored: usize,
  above: usize,
  row: usize,
  length: i32,
  pixelBytes: i32,
): void {
  for (let at = 0; at < length; at++) {
    const hasLeft = at >= pixelBytes;
    const a = hasLeft ? <i32>load<u8>(row + at - pixelBytes) : 0;
    const b = <i32>load<u8>(above + at);
    const c = hasLeft ? <i32>load<u8>(above + at - pixelBytes) : 0;
    const guess = filter === SUB ? a : filter === AVERAGE ? (a + b) >> 1 : paeth(a, b, c);
    store<u8>(row + at, (<i32>load<u8>(stored + at) + guess) as u8);
  }
}

/** PNG third edition §9.4: whichever of the three is closest to a + b − c. */
function paeth(a: i32, b: i32, c: i32): i32 {
  const pa = abs(b - c);
  const pb = abs(a - c);
  const pc = abs(a + b - c - c);
  if (pa <= pb && pa <= pc) return a;
  return pb <= pc ? b : c;
}
