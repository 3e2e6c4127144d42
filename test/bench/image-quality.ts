/** How far a picture is from a reference; both raw RGBA of one size. */
export interface Quality {
  /** dB over red, green and blue as they show on black */
  psnr: number;
  /** of luma: Wang 2004, windows of 8×8 px in steps of 4 */
  ssim: number;
}

const WINDOW = 8;
const STEP = 4;
const C1 = (0.01 * 255) ** 2;
const C2 = (0.03 * 255) ** 2;

export function compare(picture: Uint8Array, reference: Uint8Array, width: number): Quality {
  const height = reference.length / 4 / width;
  return {
    psnr: psnrOf(picture, reference),
    ssim: ssimOf(lumaOf(picture), lumaOf(reference), width, height),
  };
}

function psnrOf(a: Uint8Array, b: Uint8Array): number {
  let squares = 0;
  for (let at = 0; at < a.length; at++) {
    if (at % 4 === 3) continue;
    const alphaAt = at - (at % 4) + 3;
    squares += (((a[at] ?? 0) * (a[alphaAt] ?? 0) - (b[at] ?? 0) * (b[alphaAt] ?? 0)) / 255) ** 2;
  }
  return 10 * Math.log10((255 * 255 * 0.75 * a.length) / squares);
}

function lumaOf(rgba: Uint8Array): Float64Array {
  return Float64Array.from({ length: rgba.length / 4 }, (_, index) => {
    const [red = 0, green = 0, blue = 0, alpha = 0] = rgba.subarray(index * 4, index * 4 + 4);
    return ((0.299 * red + 0.587 * green + 0.114 * blue) * alpha) / 255;
  });
}

function ssimOf(a: Float64Array, b: Float64Array, width: number, height: number): number {
  let sum = 0;
  let windows = 0;
  for (let top = 0; top + WINDOW <= height; top += STEP) {
    for (let left = 0; left + WINDOW <= width; left += STEP) {
      sum += windowSsim(a, b, width, left, top);
      windows += 1;
    }
  }
  return sum / windows;
}

function windowSsim(a: Float64Array, b: Float64Array, width: number, left: number, top: number): number {
  let [sumA, sumB, squaresA, squaresB, products] = [0, 0, 0, 0, 0];
  for (let y = top; y < top + WINDOW; y++) {
    for (let x = left; x < left + WINDOW; x++) {
      const valueA = a[y * width + x] ?? 0;
      const valueB = b[y * width + x] ?? 0;
      sumA += valueA;
      sumB += valueB;
      squaresA += valueA * valueA;
      squaresB += valueB * valueB;
      products += valueA * valueB;
    }
  }
  const count = WINDOW * WINDOW;
  const [meanA, meanB] = [sumA / count, sumB / count];
  const varianceA = squaresA / count - meanA * meanA;
  const varianceB = squaresB / count - meanB * meanB;
  const covariance = products / count - meanA * meanB;
  const light = (2 * meanA * meanB + C1) / (meanA ** 2 + meanB ** 2 + C1);
  return (light * (2 * covariance + C2)) / (varianceA + varianceB + C2);
}
