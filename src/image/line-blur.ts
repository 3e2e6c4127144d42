type Samples = Uint8ClampedArray | Float32Array;

/** Blurs one line of samples in place: `count` of them, from `start`, `step` apart. */
export type LineBlur = (samples: Samples, start: number, step: number, count: number) => void;

const PASSES = 3;

/**
 * Widths of three moving averages that together come close to a Gaussian (P. Kovesi, "Fast Almost-Gaussian Filtering",
 * DICTA 2010): odd ones, whose variances add up to sigma² as nearly as odd widths can.
 *
 * @param sigma px
 */
export function boxesFor(sigma: number): number[] {
  const ideal = Math.sqrt((12 * sigma * sigma) / PASSES + 1);
  const narrow = Math.max(1, Math.floor((ideal - 1) / 2) * 2 + 1);
  const wanted = 12 * sigma * sigma - PASSES * (narrow * narrow + 4 * narrow + 3);
  const narrowOnes = Math.round(wanted / (-4 * narrow - 4));
  return Array.from({ length: PASSES }, (_, pass) => (pass < narrowOnes ? narrow : narrow + 2));
}

/** A blur for lines of up to `longest` samples; the edge samples are continued outwards. */
export function createLineBlur(boxes: readonly number[], longest: number): LineBlur {
  let line = new Float32Array(longest);
  let averaged = new Float32Array(longest);
  return (samples, start, step, count) => {
    for (let i = 0; i < count; i++) line[i] = samples[start + i * step] ?? 0;
    for (const box of boxes) {
      if (box === 1) continue;
      average(line, averaged, count, (box - 1) / 2);
      const before = line;
      line = averaged;
      averaged = before;
    }
    for (let i = 0; i < count; i++) samples[start + i * step] = line[i] ?? 0;
  };
}

/** Moving average over 2 × radius + 1 samples, by adding what comes in and taking away what goes out. */
function average(from: Float32Array, to: Float32Array, count: number, radius: number): void {
  const last = count - 1;
  const first = from[0] ?? 0;
  const end = from[last] ?? 0;
  let sum = first * radius;
  for (let i = 0; i <= radius; i++) sum += from[Math.min(i, last)] ?? 0;
  const scale = 1 / (2 * radius + 1);
  for (let i = 0; i < count; i++) {
    to[i] = sum * scale;
    sum += i + radius + 1 <= last ? (from[i + radius + 1] ?? 0) : end;
    sum -= i - radius >= 0 ? (from[i - radius] ?? 0) : first;
  }
}
