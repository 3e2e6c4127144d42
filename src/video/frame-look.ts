/** What a small grey copy of a frame says about it as a picture to show. */
export interface FrameLook {
  atSeconds: number;
  /** Mean brightness, 0–255. */
  brightness: number;
  /** Standard deviation of the brightness: near 0 for one flat colour. */
  contrast: number;
  /** Variance of the Laplacian: low where nothing in the picture is sharp. */
  sharpness: number;
  /** Share of the pixels in each of {@link HISTOGRAM_BINS} steps of brightness. */
  histogram: number[];
}

const HISTOGRAM_BINS = 16;

/**
 * Looks at one frame. Sharpness is the focus measure of Pech-Pacheco et al. (2000), the variance of the Laplacian.
 *
 * @param luma `width` × `height` bytes, row by row
 */
export function lookAt(atSeconds: number, luma: Uint8Array, width: number, height: number): FrameLook {
  const histogram = new Array<number>(HISTOGRAM_BINS).fill(0);
  for (const value of luma) {
    const bin = value >> 4;
    histogram[bin] = (histogram[bin] ?? 0) + 1 / luma.length;
  }
  const { mean, variance } = spreadOf(luma);
  return {
    atSeconds,
    brightness: mean,
    contrast: Math.sqrt(variance),
    sharpness: spreadOf(laplacian(luma, width, height)).variance,
    histogram,
  };
}

/** How different two frames look, 0 (alike) to 1 (no brightness in common). */
export function differenceOf(a: FrameLook, b: FrameLook): number {
  return a.histogram.reduce((sum, share, i) => sum + Math.abs(share - (b.histogram[i] ?? 0)), 0) / 2;
}

function spreadOf(values: Uint8Array | Int16Array): { mean: number; variance: number } {
  if (values.length === 0) return { mean: 0, variance: 0 };
  let sum = 0;
  let squares = 0;
  for (const value of values) {
    sum += value;
    squares += value * value;
  }
  const mean = sum / values.length;
  return { mean, variance: Math.max(0, squares / values.length - mean * mean) };
}

/** Each inner pixel against its four neighbours. */
function laplacian(luma: Uint8Array, width: number, height: number): Int16Array {
  const edges = new Int16Array(Math.max(0, (width - 2) * (height - 2)));
  const at = (i: number) => luma[i] ?? 0;
  let filled = 0;
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const i = y * width + x;
      edges[filled++] = 4 * at(i) - at(i - 1) - at(i + 1) - at(i - width) - at(i + width);
    }
  }
  return edges;
}
