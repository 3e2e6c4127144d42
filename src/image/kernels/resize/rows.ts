import { allocate, allocateZeroed } from "../arena";

/**
 * How samples travel through the resizer: 16-bit, 128 times their value. Seven more bits than the file has keep the
 * rounding of the two passes (and of premultiplied alpha) out of sight, and 255 × 128 still fits a signed lane.
 */
export const SAMPLE_BITS: i32 = 7;
const SAMPLE_ONE: f32 = (1 << SAMPLE_BITS) as f32;

/** Samples past the end of a row that the SIMD loops may read or write. */
export const ROW_SLACK: i32 = 32;

/**
 * The box filter in front of the resizer: at large ratios, cells of `factorX` × `factorY` px are averaged first, as
 * libvips does, so that the filter itself never sees more than about four px for each one that it makes.
 */
@unmanaged
export class RowReducer {
  inputWidth: i32;
  channels: i32;
  /** Colour is multiplied by alpha on the way in. */
  premultiply: bool;
  factorX: i32;
  factorY: i32;
  /** Cells in a row, the last one perhaps narrower. */
  width: i32;
  /** Rows taken into the cells so far. */
  rowsTaken: i32;
  /** i32 sums, one for each channel of each cell. */
  sums: usize;
}

/** @returns false when memory is out */
export function startReducer(reducer: RowReducer): bool {
  reducer.width = (reducer.inputWidth + reducer.factorX - 1) / reducer.factorX;
  reducer.rowsTaken = 0;
  reducer.sums = allocateZeroed((reducer.width as u64) * (reducer.channels as u64) * 4 + 16);
  return reducer.sums !== 0;
}

/** i16 samples of one reduced row, with their slack; 0 when memory is out. */
export function allocateRows(reducer: RowReducer, rows: i32): usize {
  return allocate((rowStride(reducer) as u64) * (rows as u64));
}

/** Bytes from one reduced row to the next. */
export function rowStride(reducer: RowReducer): usize {
  return ((<usize>(reducer.width * reducer.channels + ROW_SLACK)) << 1) & ~15;
}

/** Whether rows can be taken as they are, one input sample for each reduced one. */
export function isPlain(reducer: RowReducer): bool {
  return reducer.factorX === 1 && reducer.factorY === 1 && !reducer.premultiply;
}

/** Widens a row of bytes to samples, 16 at a time. */
export function widenRow(input: usize, row: usize, samples: i32): void {
  const whole = samples & ~15;
  for (let at: usize = 0; at < <usize>whole; at += 16) {
    const bytes = v128.load(input + at);
    v128.store(row + at * 2, i16x8.shl(i16x8.extend_low_i8x16_u(bytes), SAMPLE_BITS));
    v128.store(row + at * 2, i16x8.shl(i16x8.extend_high_i8x16_u(bytes), SAMPLE_BITS), 16);
  }
  for (let at: usize = whole; at < <usize>samples; at++) {
    store<i16>(row + at * 2, ((load<u8>(input + at) as i32) << SAMPLE_BITS) as i16);
  }
}

/** Adds one input row to the cells. */
export function addRow(reducer: RowReducer, input: usize): void {
  if (reducer.channels === 1) addPlaneRow(reducer, input);
  else addRgbaRow(reducer, input);
  reducer.rowsTaken++;
}

function addPlaneRow(reducer: RowReducer, input: usize): void {
  const factor = reducer.factorX;
  const inputWidth = reducer.inputWidth;
  let sums = reducer.sums;
  for (let x = 0; x < inputWidth; x += factor, sums += 4) {
    const end = min(x + factor, inputWidth);
    let sum = load<i32>(sums);
    for (let at = x; at < end; at++) sum += load<u8>(input + at);
    store<i32>(sums, sum);
  }
}

/** With alpha, colours are counted 255 times: as colour × alpha, and alpha as alpha × 255. */
function addRgbaRow(reducer: RowReducer, input: usize): void {
  const factor = reducer.factorX;
  const inputWidth = reducer.inputWidth;
  const premultiply = reducer.premultiply;
  let sums = reducer.sums;
  for (let x = 0; x < inputWidth; x += factor, sums += 16) {
    const end = min(x + factor, inputWidth);
    let sum = v128.load(sums);
    for (let at = x; at < end; at++) {
      const pixel = input + ((<usize>at) << 2);
      let channels = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(pixel)));
      if (premultiply) {
        const alpha = i32x4.replace_lane(i32x4.splat(load<u8>(pixel, 3)), 3, 255);
        channels = i32x4.mul(channels, alpha);
      }
      sum = i32x4.add(sum, channels);
    }
    v128.store(sums, sum);
  }
}

/** Writes the averages of the cells as one reduced row and empties the cells. */
export function finishRow(reducer: RowReducer, row: usize): void {
  const channels = reducer.channels;
  const width = reducer.width;
  const unit: f32 = SAMPLE_ONE / (reducer.premultiply ? 255 : 1);
  const lastCell = reducer.inputWidth - (width - 1) * reducer.factorX;
  averageCells(
    reducer.sums,
    row,
    (width - 1) * channels,
    unit / ((reducer.factorX * reducer.rowsTaken) as f32),
  );
  const done: usize = (width - 1) * channels;
  averageCells(
    reducer.sums + (done << 2),
    row + (done << 1),
    channels,
    unit / ((lastCell * reducer.rowsTaken) as f32),
  );
  memory.fill(reducer.sums, 0, (<usize>(width * channels)) << 2);
  reducer.rowsTaken = 0;
}

function averageCells(sums: usize, row: usize, samples: i32, scale: f32): void {
  const half = f32x4.splat(0.5);
  const scales = f32x4.splat(scale);
  let at: usize = 0;
  for (; at + 4 <= <usize>samples; at += 4) {
    const values = f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(v128.load(sums + (at << 2))), scales), half);
    const whole = i32x4.trunc_sat_f32x4_s(values);
    v128.store64_lane(row + (at << 1), i16x8.narrow_i32x4_s(whole, whole), 0);
  }
  for (; at < <usize>samples; at++) {
    store<i16>(row + (at << 1), ((load<i32>(sums + (at << 2)) as f32) * scale + 0.5) as i32 as i16);
  }
}
