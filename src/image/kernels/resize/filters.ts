/** Resampling filters, by the numbers that `codecs/kernels.ts` knows them by. */
export const NEAREST: i32 = 0;
export const BILINEAR: i32 = 1;
export const BICUBIC: i32 = 2;
export const MITCHELL: i32 = 3;
export const LANCZOS2: i32 = 4;
export const LANCZOS3: i32 = 5;

/** How far from its centre a filter reaches, px of the coarser grid. */
export function supportOf(filter: i32): f64 {
  switch (filter) {
    case NEAREST:
      return 0.5;
    case BILINEAR:
      return 1;
    case LANCZOS3:
      return 3;
    default:
      return 2;
  }
}

/** Height of a filter at `x` px from its centre. Heights need not add up to 1: weights are normalised afterwards. */
export function filterAt(filter: i32, x: f64): f64 {
  const distance = Math.abs(x);
  if (distance >= supportOf(filter)) return 0;
  switch (filter) {
    case NEAREST:
      return 1;
    case BILINEAR:
      return 1 - distance;
    case BICUBIC:
      return cubic(distance, 0, 0.5);
    case MITCHELL:
      return cubic(distance, 1.0 / 3, 1.0 / 3);
    case LANCZOS2:
      return sinc(distance) * sinc(distance / 2);
    default:
      return sinc(distance) * sinc(distance / 3);
  }
}

function sinc(x: f64): f64 {
  if (x < 1e-9) return 1;
  const angle = x * Math.PI;
  return Math.sin(angle) / angle;
}

/** The family of Mitchell and Netravali, "Reconstruction Filters in Computer Graphics" (1988), equation 8, times 6. */
function cubic(x: f64, b: f64, c: f64): f64 {
  if (x < 1) {
    return ((12 - 9 * b - 6 * c) * x + (-18 + 12 * b + 6 * c)) * x * x + (6 - 2 * b);
  }
  return (((-b - 6 * c) * x + (6 * b + 30 * c)) * x + (-12 * b - 48 * c)) * x + (8 * b + 24 * c);
}
