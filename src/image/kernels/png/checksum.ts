/** Adler-32 (RFC 1950 §8.2): the sum of all bytes, and the sum of all those sums, modulo the largest prime below 2¹⁶. */
const MODULUS: u32 = 65_521;
/** Bytes after which the sums must be reduced to stay within 32 bits, in sixteens. */
const RUN_BYTES: usize = 5_552;

export const EMPTY_CHECKSUM: u32 = 1;

/** The checksum of what `sum` stands for followed by these bytes. */
export function addToChecksum(sum: u32, bytes: usize, length: usize): u32 {
  let a = sum & 0xffff;
  let b = sum >>> 16;
  let at = bytes;
  let left = length;
  while (left > 0) {
    const run = min(left, RUN_BYTES);
    const whole = run & ~15;
    let sums = i32x4.splat(0);
    let weighted = i32x4.splat(0);
    let before = i32x4.splat(0);
    for (let end = at + whole; at < end; at += 16) {
      const low = i16x8.extend_low_i8x16_u(v128.load(at));
      const high = i16x8.extend_high_i8x16_u(v128.load(at));
      // The sum of the sums so far is counted once for each of the sixteen.
      before = i32x4.add(before, sums);
      sums = i32x4.add(sums, i32x4.dot_i16x8_s(i16x8.add(low, high), i16x8.splat(1)));
      weighted = i32x4.add(weighted, i32x4.dot_i16x8_s(low, i16x8(16, 15, 14, 13, 12, 11, 10, 9)));
      weighted = i32x4.add(weighted, i32x4.dot_i16x8_s(high, i16x8(8, 7, 6, 5, 4, 3, 2, 1)));
    }
    b += a * <u32>whole + 16 * total(before) + total(weighted);
    a += total(sums);
    for (let end = at + (run - whole); at < end; at++) {
      a += load<u8>(at);
      b += a;
    }
    a %= MODULUS;
    b %= MODULUS;
    left -= run;
  }
  return (b << 16) | a;
}

function total(lanes: v128): u32 {
  return (i32x4.extract_lane(lanes, 0) +
    i32x4.extract_lane(lanes, 1) +
    i32x4.extract_lane(lanes, 2) +
    i32x4.extract_lane(lanes, 3)) as u32;
}
