import { allocate } from "../arena";
import { filterAt, NEAREST, supportOf } from "./filters";

/** Weights are whole numbers of 1/16384, so that two of them and two samples make one SIMD dot product. */
export const WEIGHT_BITS: i32 = 14;
const WEIGHT_ONE: i32 = 1 << WEIGHT_BITS;

/** For every output sample of one axis: which input samples it is made of, and how much of each. */
@unmanaged
export class AxisWeights {
  /** i32 for each output sample: its first input sample. */
  starts: usize;
  /** i16, `tapsPadded` for each output sample. */
  weights: usize;
  /** Input samples that one output sample reads. */
  taps: i32;
  /** The same rounded up to what the loops step by; the rest have weight 0. */
  tapsPadded: i32;

  @inline
  startOf(output: i32): i32 {
    return load<i32>(this.starts + ((<usize>output) << 2));
  }

  @inline
  weightsOf(output: i32): usize {
    return this.weights + <usize>(output * this.tapsPadded) * 2;
  }
}

/**
 * Fills `axis` for `outputLength` samples that cover `windowLength` input samples from `windowStart` on. A filter that
 * reaches over the edge of the input sees its last sample repeated there, as in libvips.
 *
 * @param inputLength samples that exist; the window may end between two of them
 * @param step what `tapsPadded` is to be a multiple of
 * @returns false when memory is out
 */
export function fillWeights(
  axis: AxisWeights,
  inputLength: i32,
  windowStart: f64,
  windowLength: f64,
  outputLength: i32,
  filter: i32,
  step: i32,
): bool {
  const ratio = windowLength / outputLength;
  // The other filters widen as the picture shrinks; this one goes on picking a single sample.
  const stretch = filter === NEAREST ? 1 : Math.max(ratio, 1);
  const reach = supportOf(filter) * stretch;
  const mostTaps = Math.min(Math.ceil(reach * 2) + 1, inputLength) as i32;
  axis.taps = mostTaps;
  axis.tapsPadded = ((mostTaps + step - 1) / step) * step;
  axis.starts = allocate((outputLength as u64) * 4);
  axis.weights = allocate((outputLength as u64) * (axis.tapsPadded as u64) * 2);
  const exact = allocate((mostTaps as u64) * 8);
  if (axis.starts === 0 || axis.weights === 0 || exact === 0) return false;

  for (let output = 0; output < outputLength; output++) {
    const centre = windowStart + (output + 0.5) * ratio;
    const first = Math.ceil(centre - reach - 0.5) as i32;
    const last = Math.floor(centre + reach - 0.5) as i32;
    const begin = min(max(first, 0), inputLength - mostTaps);
    store<i32>(axis.starts + ((<usize>output) << 2), begin);
    memory.fill(exact, 0, (<usize>mostTaps) << 3);
    let sum: f64 = 0;
    for (let input = first; input <= last; input++) {
      const weight = filterAt(filter, (input + 0.5 - centre) / stretch);
      const tap = min(max(min(max(input, 0), inputLength - 1) - begin, 0), mostTaps - 1);
      const slot = exact + ((<usize>tap) << 3);
      store<f64>(slot, load<f64>(slot) + weight);
      sum += weight;
    }
    // A window between two samples of the nearest filter: both lie just out of reach.
    if (sum === 0) {
      const nearest = min(max(Math.floor(centre) as i32, begin), begin + mostTaps - 1);
      store<f64>(exact + ((<usize>(nearest - begin)) << 3), 1);
      sum = 1;
    }
    roundWeights(exact, mostTaps, sum, axis.weightsOf(output), axis.tapsPadded);
  }
  return true;
}

/** Whole weights that add up to exactly one: the largest takes what rounding lost, so flat areas stay flat. */
function roundWeights(exact: usize, taps: i32, sum: f64, weights: usize, tapsPadded: i32): void {
  memory.fill(weights, 0, (<usize>tapsPadded) << 1);
  let left = WEIGHT_ONE;
  let largest: usize = weights;
  for (let tap = 0; tap < taps; tap++) {
    const slot = weights + ((<usize>tap) << 1);
    const weight = Math.round((load<f64>(exact + ((<usize>tap) << 3)) / sum) * WEIGHT_ONE) as i32;
    store<i16>(slot, weight as i16);
    left -= weight;
    if (weight > load<i16>(largest)) largest = slot;
  }
  store<i16>(largest, (load<i16>(largest) + left) as i16);
}
