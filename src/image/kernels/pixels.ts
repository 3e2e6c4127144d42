import { allocate, resetArena } from "./arena";
import { beginResize, pushRows } from "./resize/resizer";

/** Resampling of RGBA that the caller holds: its rows come in strips, so that the picture is never here as a whole. */

/** Rows that a strip holds. */
const STRIP_ROWS: i32 = 16;
/** Bytes past the end of a strip that may be read. */
const STRIP_SLACK: u64 = 16;

let strip: usize = 0;
let strideBytes: i32 = 0;
let output: usize = 0;

/**
 * Sets up one resize; what was here before is forgotten. The parameters are those of `beginResize`.
 *
 * @returns where to put each strip of `stripRows()` rows; 0 when memory is out
 */
export function startPixels(
  sourceWidth: i32,
  sourceHeight: i32,
  left: f64,
  top: f64,
  width: f64,
  height: f64,
  targetWidth: i32,
  targetHeight: i32,
  hasAlpha: bool,
  filterX: i32,
  filterY: i32,
): usize {
  resetArena();
  strideBytes = sourceWidth * 4;
  output = allocate((targetWidth as u64) * (targetHeight as u64) * 4);
  strip = allocate((strideBytes as u64) * STRIP_ROWS + STRIP_SLACK);
  if (output === 0 || strip === 0) return 0;
  const isReady = beginResize(
    output,
    sourceWidth,
    sourceHeight,
    left,
    top,
    width,
    height,
    targetWidth,
    targetHeight,
    4,
    hasAlpha,
    filterX,
    filterY,
  );
  return isReady ? strip : 0;
}

/** Sets up a strip alone, for a picture that is not resized; 0 when memory is out. */
export function startStrip(width: i32): usize {
  resetArena();
  strip = allocate((width as u64) * 4 * STRIP_ROWS + STRIP_SLACK);
  return strip;
}

export function stripRows(): i32 {
  return STRIP_ROWS;
}

/** Takes the first `rows` rows of the strip. */
export function pushStrip(rows: i32): void {
  pushRows(strip, strideBytes, min(rows, STRIP_ROWS));
}

/** Where the result is, once all rows are in. */
export function pixelsOutput(): usize {
  return output;
}
