import { allocate } from "../arena";

/** What the planes of a picture hold. */
export const GRAY: i32 = 1;
export const YCBCR: i32 = 2;
export const RGB: i32 = 3;

/**
 * JFIF 1.02 §7, full range: R = Y + 1.402 Cr, B = Y + 1.772 Cb, G = Y − 0.344136 Cb − 0.714136 Cr, with Cb and Cr
 * around 128. The parts of the factors below one, in 1/32768:
 */
const RED_OF_CR: i16 = 13_173;
const BLUE_OF_CB: i16 = 25_297;
const GREEN_OF_CB: i16 = 11_277;
const GREEN_OF_CR: i16 = 23_401;

/** Values are 128 times their size while they are mixed, so that only the last step rounds. */
const MIX_BITS: i32 = 7;
const MIX_HALF: i16 = 1 << 6;

/** Bytes that planes may be read past their end. */
export const PLANE_SLACK: i32 = 8;

/**
 * Three planes of one size (one for gray) as opaque RGBA.
 *
 * @returns where the pixels are; 0 when memory is out
 */
export function mixPlanes(model: i32, first: usize, second: usize, third: usize, pixels: i32): usize {
  const output = allocate((pixels as u64) * 4 + 32);
  if (output === 0) return 0;
  for (let at: usize = 0; at < <usize>pixels; at += 8) {
    const a = v128.load64_zero(first + at);
    let red = a;
    let green = a;
    let blue = a;
    if (model === RGB) {
      green = v128.load64_zero(second + at);
      blue = v128.load64_zero(third + at);
    } else if (model === YCBCR) {
      const y = i16x8.shl(i16x8.extend_low_i8x16_u(a), MIX_BITS);
      const cb = centred(second + at);
      const cr = centred(third + at);
      red = rounded(y, i16x8.add(cr, i16x8.q15mulr_sat_s(cr, i16x8.splat(RED_OF_CR))));
      blue = rounded(y, i16x8.add(cb, i16x8.q15mulr_sat_s(cb, i16x8.splat(BLUE_OF_CB))));
      const fromCb = i16x8.q15mulr_sat_s(cb, i16x8.splat(GREEN_OF_CB));
      const fromCr = i16x8.q15mulr_sat_s(cr, i16x8.splat(GREEN_OF_CR));
      green = rounded(y, i16x8.neg(i16x8.add(fromCb, fromCr)));
    }
    const redGreen = i8x16.shuffle(red, green, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const opaque = i8x16.splat(-1);
    const blueAlpha = i8x16.shuffle(blue, opaque, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    v128.store(output + (at << 2), i16x8.shuffle(redGreen, blueAlpha, 0, 8, 1, 9, 2, 10, 3, 11));
    v128.store(output + (at << 2), i16x8.shuffle(redGreen, blueAlpha, 4, 12, 5, 13, 6, 14, 7, 15), 16);
  }
  return output;
}

/** Eight chroma samples around 0. */
function centred(plane: usize): v128 {
  return i16x8.shl(i16x8.sub(v128.load8x8_u(plane), i16x8.splat(128)), MIX_BITS);
}

/** Luma and what chroma adds to it as bytes in the low half. */
function rounded(y: v128, added: v128): v128 {
  const half = i16x8.splat(MIX_HALF);
  const sum = i16x8.shr_s(i16x8.add_sat_s(i16x8.add_sat_s(y, added), half), MIX_BITS);
  return i8x16.narrow_i16x8_u(sum, sum);
}
