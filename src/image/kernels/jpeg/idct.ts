/**
 * From coefficients back to samples, at any size of 1, 2, 4 or 8 samples a side.
 *
 * A block of 8 × 8 samples is stored as the sum of 64 cosine waves. Leaving out the fast waves and asking for the sum
 * at only N places along a side gives the picture at N/8 of its size, with nothing to throw away afterwards. Along one
 * side, with √8 left out, the sample at place x of N is
 *
 *     F₀ + Σ Fₖ √2 cos((2x + 1) k π / 2N),  k = 1 … N − 1
 *
 * so 2-D is that down every column, then along every row, then ÷ 8. Waves with an even k are the same seen from both
 * ends of a side and those with an odd k change sign: x and its mirror share their sums.
 */

/** Coefficients of the block in work: 8 rows of 8 i16, dequantised. Only as many rows as are kept are looked at. */
export const BLOCK: usize = memory.data(128, 16);
/** The same after the columns are done. */
const LINES: usize = memory.data(128, 16);

const FACTOR_BITS: i32 = 14;
/** Bits below one that the columns hand to the rows: coefficients of real pictures fit 16 bits with these. */
const LINE_BITS: i32 = 4;
const COLUMN_SHIFT: i32 = FACTOR_BITS - LINE_BITS;
const COLUMN_HALF: i32 = 1 << (COLUMN_SHIFT - 1);
const ROW_SHIFT: i32 = FACTOR_BITS + LINE_BITS + 3;
/** Half a step for rounding, and the 128 that T.81 §A.3.1 took off every sample. */
const ROW_LEVEL: i32 = (128 << ROW_SHIFT) + (1 << (ROW_SHIFT - 1));
const LINE_SHIFT: i32 = LINE_BITS + 3;
const LINE_LEVEL: i32 = (128 << LINE_SHIFT) + (1 << (LINE_SHIFT - 1));

/**
 * Factors √2 cos(kπ/16) in 1/16384, two by two as the dot product takes them: for each place of the first half of a
 * side, the pair of factors of coefficients (0, 2), (4, 6), (1, 3) and (5, 7).
 */
const EVENS_02: usize = memory.data<i16>([16384, 21407, 16384, 8867, 16384, -8867, 16384, -21407]);
const EVENS_46: usize = memory.data<i16>([16384, 8867, -16384, -21407, -16384, 21407, 16384, -8867]);
const ODDS_13: usize = memory.data<i16>([22725, 19266, 19266, -4520, 12873, -22725, 4520, -12873]);
const ODDS_57: usize = memory.data<i16>([12873, 4520, -22725, -12873, 4520, 19266, 19266, -22725]);
/** Two places, coefficients (0, 2) and (1, 3) of a side of four: √2 cos(kπ/8). */
const EVENS_OF_4: usize = memory.data<i16>([16384, 16384, 16384, -16384]);
const ODDS_OF_4: usize = memory.data<i16>([21407, 8867, 8867, -21407]);

/** Empties the block in work for a result of `rows` rows. */
export function clearBlock(rows: i32): void {
  for (let row: usize = 0; row < <usize>rows; row++) v128.store(BLOCK + row * 16, i64x2.splat(0));
}

/** Writes `columns` × `rows` samples from the block in work. */
export function transformBlock(columns: i32, rows: i32, samples: usize, stride: i32): void {
  transformColumns(rows);
  for (let row = 0; row < rows; row++) {
    transformLine(LINES + <usize>row * 16, columns, samples + <usize>(row * stride));
  }
}

/** A block whose only coefficient is `dc`, dequantised: flat. */
export function fillBlock(dc: i32, columns: i32, rows: i32, samples: usize, stride: i32): void {
  const value = i64x2.extract_lane(i8x16.splat(min(max(((dc + 4) >> 3) + 128, 0), 255) as i8), 0);
  for (let row = 0; row < rows; row++) {
    const to = samples + <usize>(row * stride);
    if (columns === 8) store<u64>(to, value);
    else if (columns === 4) store<u32>(to, value as u32);
    else if (columns === 2) store<u16>(to, value as u16);
    else store<u8>(to, value as u8);
  }
}

function transformColumns(rows: i32): void {
  const first = v128.load(BLOCK);
  if (rows === 1) {
    v128.store(LINES, i16x8.shl(first, LINE_BITS));
  } else if (rows === 2) {
    const second = v128.load(BLOCK, 16);
    v128.store(LINES, i16x8.shl(i16x8.add_sat_s(first, second), LINE_BITS));
    v128.store(LINES, i16x8.shl(i16x8.sub_sat_s(first, second), LINE_BITS), 16);
  } else if (rows === 4) {
    columnsOfFour();
  } else {
    columnsOfEight();
  }
}

function columnsOfFour(): void {
  const low02 = pairLow(0, 2);
  const high02 = pairHigh(0, 2);
  const low13 = pairLow(1, 3);
  const high13 = pairHigh(1, 3);
  for (let place: usize = 0; place < 2; place++) {
    const even = v128.load32_splat(EVENS_OF_4 + place * 4);
    const odd = v128.load32_splat(ODDS_OF_4 + place * 4);
    storeMirrored(
      place,
      3 - place,
      i32x4.dot_i16x8_s(low02, even),
      i32x4.dot_i16x8_s(high02, even),
      i32x4.dot_i16x8_s(low13, odd),
      i32x4.dot_i16x8_s(high13, odd),
    );
  }
}

function columnsOfEight(): void {
  const low02 = pairLow(0, 2);
  const high02 = pairHigh(0, 2);
  const low46 = pairLow(4, 6);
  const high46 = pairHigh(4, 6);
  const low13 = pairLow(1, 3);
  const high13 = pairHigh(1, 3);
  const low57 = pairLow(5, 7);
  const high57 = pairHigh(5, 7);
  for (let place: usize = 0; place < 4; place++) {
    const even02 = v128.load32_splat(EVENS_02 + place * 4);
    const even46 = v128.load32_splat(EVENS_46 + place * 4);
    const odd13 = v128.load32_splat(ODDS_13 + place * 4);
    const odd57 = v128.load32_splat(ODDS_57 + place * 4);
    storeMirrored(
      place,
      7 - place,
      i32x4.add(i32x4.dot_i16x8_s(low02, even02), i32x4.dot_i16x8_s(low46, even46)),
      i32x4.add(i32x4.dot_i16x8_s(high02, even02), i32x4.dot_i16x8_s(high46, even46)),
      i32x4.add(i32x4.dot_i16x8_s(low13, odd13), i32x4.dot_i16x8_s(low57, odd57)),
      i32x4.add(i32x4.dot_i16x8_s(high13, odd13), i32x4.dot_i16x8_s(high57, odd57)),
    );
  }
}

/** Coefficients of two rows side by side, columns 0–3. */
function pairLow(upper: usize, lower: usize): v128 {
  return i16x8.shuffle(
    v128.load(BLOCK + upper * 16),
    v128.load(BLOCK + lower * 16),
    0,
    8,
    1,
    9,
    2,
    10,
    3,
    11,
  );
}

/** Columns 4–7. */
function pairHigh(upper: usize, lower: usize): v128 {
  return i16x8.shuffle(
    v128.load(BLOCK + upper * 16),
    v128.load(BLOCK + lower * 16),
    4,
    12,
    5,
    13,
    6,
    14,
    7,
    15,
  );
}

function storeMirrored(
  place: usize,
  mirror: usize,
  evenLow: v128,
  evenHigh: v128,
  oddLow: v128,
  oddHigh: v128,
): void {
  const half = i32x4.splat(COLUMN_HALF);
  const low = i32x4.add(evenLow, half);
  const high = i32x4.add(evenHigh, half);
  v128.store(LINES + place * 16, narrowLine(i32x4.add(low, oddLow), i32x4.add(high, oddHigh)));
  v128.store(LINES + mirror * 16, narrowLine(i32x4.sub(low, oddLow), i32x4.sub(high, oddHigh)));
}

function narrowLine(low: v128, high: v128): v128 {
  return i16x8.narrow_i32x4_s(i32x4.shr_s(low, COLUMN_SHIFT), i32x4.shr_s(high, COLUMN_SHIFT));
}

function transformLine(line: usize, columns: i32, samples: usize): void {
  if (columns === 1) {
    store<u8>(samples, clamp((load<i16>(line) + LINE_LEVEL) >> LINE_SHIFT));
  } else if (columns === 2) {
    const level = load<i16>(line) + LINE_LEVEL;
    store<u8>(samples, clamp((level + load<i16>(line, 2)) >> LINE_SHIFT));
    store<u8>(samples, clamp((level - load<i16>(line, 2)) >> LINE_SHIFT), 1);
  } else if (columns === 4) {
    lineOfFour(v128.load(line), samples);
  } else {
    lineOfEight(v128.load(line), samples);
  }
}

function lineOfFour(line: v128, samples: usize): void {
  const pairs02 = i16x8.shuffle(line, line, 0, 2, 0, 2, 0, 2, 0, 2);
  const pairs13 = i16x8.shuffle(line, line, 1, 3, 1, 3, 1, 3, 1, 3);
  const even = i32x4.add(i32x4.dot_i16x8_s(pairs02, v128.load64_zero(EVENS_OF_4)), i32x4.splat(ROW_LEVEL));
  const odd = i32x4.dot_i16x8_s(pairs13, v128.load64_zero(ODDS_OF_4));
  const sums = i32x4.shuffle(i32x4.add(even, odd), i32x4.sub(even, odd), 0, 1, 5, 4);
  const words = i32x4.shr_s(sums, ROW_SHIFT);
  const narrow = i16x8.narrow_i32x4_s(words, words);
  v128.store32_lane(samples, i8x16.narrow_i16x8_u(narrow, narrow), 0);
}

function lineOfEight(line: v128, samples: usize): void {
  const pairs02 = i16x8.shuffle(line, line, 0, 2, 0, 2, 0, 2, 0, 2);
  const pairs46 = i16x8.shuffle(line, line, 4, 6, 4, 6, 4, 6, 4, 6);
  const pairs13 = i16x8.shuffle(line, line, 1, 3, 1, 3, 1, 3, 1, 3);
  const pairs57 = i16x8.shuffle(line, line, 5, 7, 5, 7, 5, 7, 5, 7);
  const evens = i32x4.add(
    i32x4.dot_i16x8_s(pairs02, v128.load(EVENS_02)),
    i32x4.dot_i16x8_s(pairs46, v128.load(EVENS_46)),
  );
  const odd = i32x4.add(
    i32x4.dot_i16x8_s(pairs13, v128.load(ODDS_13)),
    i32x4.dot_i16x8_s(pairs57, v128.load(ODDS_57)),
  );
  const even = i32x4.add(evens, i32x4.splat(ROW_LEVEL));
  const far = i32x4.sub(even, odd);
  const left = i32x4.shr_s(i32x4.add(even, odd), ROW_SHIFT);
  const right = i32x4.shr_s(i32x4.shuffle(far, far, 3, 2, 1, 0), ROW_SHIFT);
  const narrow = i16x8.narrow_i32x4_s(left, right);
  v128.store64_lane(samples, i8x16.narrow_i16x8_u(narrow, narrow), 0);
}

function clamp(value: i32): u8 {
  return min(max(value, 0), 255) as u8;
}
