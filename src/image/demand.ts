import type { Rectangle, Size } from "./geometry.ts";

/** What a decoder must bring so that every output can be made from it. */
export interface Demand {
  /** Samples wanted for one px as stored, at least; 1 is every px. */
  scaleX: number;
  scaleY: number;
  /** The same of the colour of a picture that stores it apart from its light. */
  colorScaleX: number;
  colorScaleY: number;
  /** The part of the stored picture that any output looks at, px. */
  window: Rectangle;
}

/** One output as a resampling of the stored picture, before it is turned upright. */
export interface Sampling {
  window: Rectangle;
  size: Size;
  /** Finer colour than at half the size is lost on what becomes of it; see `half-color.ts`. */
  hasHalfColor?: boolean;
}

/** What a filter reads beyond its window: three px of the result to each side, and the rounding of colour planes. */
const REACH_RESULT_PX = 3;
const REACH_SOURCE_PX = 16;

/**
 * Samples for one px of the result. Decoding at a part of the size cuts waves off block by block, and a filter that is
 * left a fifth or less to shrink passes that on: on photos 1 dB lost against libvips, which keeps off such sizes, too.
 */
const SAMPLES = 1.24;
/** The same of colour that the result will store at half the size: half, and a fifth more. */
const HALF_COLOR_SAMPLES = 0.6;

/** The least that serves all samplings, so that the picture is decoded once, for the largest of them. */
export function demandOf(stored: Size, samplings: Sampling[]): Demand {
  const scales = (of: (sampling: Sampling) => number) => Math.min(1, Math.max(...samplings.map(of)));
  const acrossOf = ({ window, size }: Sampling) => size.width / window.width;
  const downOf = ({ window, size }: Sampling) => size.height / window.height;
  const colorOf = ({ hasHalfColor }: Sampling) => (hasHalfColor ? HALF_COLOR_SAMPLES : SAMPLES);
  return {
    scaleX: scales((one) => acrossOf(one) * SAMPLES),
    scaleY: scales((one) => downOf(one) * SAMPLES),
    colorScaleX: scales((one) => acrossOf(one) * colorOf(one)),
    colorScaleY: scales((one) => downOf(one) * colorOf(one)),
    window: unite(samplings.map(({ window, size }) => reachOf(stored, window, size))),
  };
}

/** All of a picture, every px of it. */
export function demandAll({ width, height }: Size): Demand {
  const window = { left: 0, top: 0, width, height };
  return { scaleX: 1, scaleY: 1, colorScaleX: 1, colorScaleY: 1, window };
}

function reachOf(stored: Size, window: Rectangle, size: Size): Rectangle {
  const x = Math.ceil(Math.max(1, window.width / size.width) * REACH_RESULT_PX) + REACH_SOURCE_PX;
  const y = Math.ceil(Math.max(1, window.height / size.height) * REACH_RESULT_PX) + REACH_SOURCE_PX;
  const left = Math.max(0, window.left - x);
  const top = Math.max(0, window.top - y);
  return {
    left,
    top,
    width: Math.min(stored.width, window.left + window.width + x) - left,
    height: Math.min(stored.height, window.top + window.height + y) - top,
  };
}

function unite(rectangles: Rectangle[]): Rectangle {
  const left = Math.min(...rectangles.map((one) => one.left));
  const top = Math.min(...rectangles.map((one) => one.top));
  const right = Math.max(...rectangles.map((one) => one.left + one.width));
  const bottom = Math.max(...rectangles.map((one) => one.top + one.height));
  return { left, top, width: right - left, height: bottom - top };
}
