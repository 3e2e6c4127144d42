import { SAMPLE_BITS } from "./rows";
import { AxisWeights, WEIGHT_BITS } from "./weights";

/** Half of the unit that a pass shifts away: added first, it turns cutting into rounding. */
const VERTICAL_HALF: i32 = 1 << (WEIGHT_BITS - 1);
const OUTPUT_SHIFT: i32 = WEIGHT_BITS + SAMPLE_BITS;
const OUTPUT_HALF: i32 = 1 << (OUTPUT_SHIFT - 1);

/**
 * Blends several reduced rows into one.
 *
 * @param rows addresses (u32) of `taps` rows
 * @param taps even
 * @param line receives the samples, rounded up to a multiple of 16
 */
export function blendRows(rows: usize, weights: usize, taps: i32, samples: i32, line: usize): void {
  const half = i32x4.splat(VERTICAL_HALF);
  const end = (<usize>samples) << 1;
  for (let x: usize = 0; x < end; x += 32) {
    let first = half;
    let second = half;
    let third = half;
    let fourth = half;
    for (let tap: usize = 0; tap < <usize>taps; tap += 2) {
      const upper = <usize>load<u32>(rows + (tap << 2)) + x;
      const lower = <usize>load<u32>(rows + (tap << 2), 4) + x;
      const pair = v128.load32_splat(weights + (tap << 1));
      let a = v128.load(upper);
      let b = v128.load(lower);
      first = i32x4.add(first, i32x4.dot_i16x8_s(i16x8.shuffle(a, b, 0, 8, 1, 9, 2, 10, 3, 11), pair));
      second = i32x4.add(second, i32x4.dot_i16x8_s(i16x8.shuffle(a, b, 4, 12, 5, 13, 6, 14, 7, 15), pair));
      a = v128.load(upper, 16);
      b = v128.load(lower, 16);
      third = i32x4.add(third, i32x4.dot_i16x8_s(i16x8.shuffle(a, b, 0, 8, 1, 9, 2, 10, 3, 11), pair));
      fourth = i32x4.add(fourth, i32x4.dot_i16x8_s(i16x8.shuffle(a, b, 4, 12, 5, 13, 6, 14, 7, 15), pair));
    }
    v128.store(line + x, narrowBlend(first, second));
    v128.store(line + x, narrowBlend(third, fourth), 16);
  }
}

function narrowBlend(low: v128, high: v128): v128 {
  return i16x8.narrow_i32x4_s(i32x4.shr_s(low, WEIGHT_BITS), i32x4.shr_s(high, WEIGHT_BITS));
}

/** Shrinks or stretches one line of a plane into bytes; taps come in eights. */
export function resampleLine(line: usize, axis: AxisWeights, width: i32, output: usize): void {
  const taps = <usize>axis.tapsPadded;
  const starts = axis.starts;
  let weights = axis.weights;
  for (let x: usize = 0; x < <usize>width; x++) {
    const samples = line + ((<usize>load<i32>(starts + (x << 2))) << 1);
    let sums = i32x4.dot_i16x8_s(v128.load(samples), v128.load(weights));
    for (let tap: usize = 8; tap < taps; tap += 8) {
      const more = i32x4.dot_i16x8_s(v128.load(samples + (tap << 1)), v128.load(weights + (tap << 1)));
      sums = i32x4.add(sums, more);
    }
    sums = i32x4.add(sums, i32x4.shuffle(sums, sums, 2, 3, 0, 1));
    const value = i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 1);
    store<u8>(output + x, min(max((value + OUTPUT_HALF) >> OUTPUT_SHIFT, 0), 255) as u8);
    weights += taps << 1;
  }
}

/** The same for a line of RGBA pixels; taps come in twos. */
export function resampleRgbaLine(
  line: usize,
  axis: AxisWeights,
  width: i32,
  output: usize,
  isPremultiplied: bool,
): void {
  const taps = <usize>axis.tapsPadded;
  const starts = axis.starts;
  let weights = axis.weights;
  for (let x: usize = 0; x < <usize>width; x++) {
    const pixels = line + ((<usize>load<i32>(starts + (x << 2))) << 3);
    let sums = i32x4.splat(0);
    for (let tap: usize = 0; tap < taps; tap += 2) {
      const two = v128.load(pixels + (tap << 3));
      const byChannel = i16x8.shuffle(two, two, 0, 4, 1, 5, 2, 6, 3, 7);
      sums = i32x4.add(sums, i32x4.dot_i16x8_s(byChannel, v128.load32_splat(weights + (tap << 1))));
    }
    if (isPremultiplied) sums = divideByAlpha(sums);
    const rounded = i32x4.shr_s(i32x4.add(sums, i32x4.splat(OUTPUT_HALF)), OUTPUT_SHIFT);
    const words = i16x8.narrow_i32x4_s(rounded, rounded);
    v128.store32_lane(output + (x << 2), i8x16.narrow_i16x8_u(words, words), 0);
    weights += taps << 1;
  }
}

/** Colour ÷ alpha; where alpha rounds to nothing, nothing is left of colour either. */
function divideByAlpha(sums: v128): v128 {
  const alpha = i32x4.extract_lane(sums, 3);
  if (alpha < OUTPUT_HALF) return i32x4.splat(0);
  const opaque: f32 = (255 << OUTPUT_SHIFT) as i32 as f32;
  const colour = f32x4.mul(f32x4.convert_i32x4_s(sums), f32x4.splat(opaque / (alpha as f32)));
  return i32x4.replace_lane(i32x4.trunc_sat_f32x4_s(colour), 3, alpha);
}
