import { allocate } from "../arena";
import { NEAREST } from "./filters";
import { blendRows, resampleLine, resampleRgbaLine } from "./passes";
import {
  addRow,
  allocateRows,
  finishRow,
  isPlain,
  RowReducer,
  rowStride,
  startReducer,
  widenRow,
} from "./rows";
import { AxisWeights, fillWeights } from "./weights";

/**
 * A resizer that is fed rows and keeps only the few that its filter still needs.
 *
 * Each input row goes into cells (`rows.ts`), which become a reduced row of 16-bit samples in a ring. As soon as the
 * ring holds every row that the next output row is made of, those rows are blended into one line (the vertical pass)
 * and the line is resampled into the output (the horizontal pass). Memory is the ring and the output, whatever the
 * height of the input.
 */

/** The cells leave at least this ratio to the filter: what libvips calls a gap of 2. */
const LEAST_FILTER_RATIO: f64 = 2;
/** Keeps the sums of a cell of colour × alpha within 32 bits: 255 × 255 × 128 × 128 < 2³¹. */
const MAX_CELL_SIDE: f64 = 128;

/** Both passes read their input in steps; see `passes.ts`. */
const VERTICAL_STEP: i32 = 2;
const PLANE_STEP: i32 = 8;
const RGBA_STEP: i32 = 2;

const horizontal = changetype<AxisWeights>(memory.data(offsetof<AxisWeights>()));
const vertical = changetype<AxisWeights>(memory.data(offsetof<AxisWeights>()));
const reducer = changetype<RowReducer>(memory.data(offsetof<RowReducer>()));

let inputHeight: i32 = 0;
let outputWidth: i32 = 0;
let outputHeight: i32 = 0;
let output: usize = 0;
let ring: usize = 0;
/** u32 addresses of the ring rows under the filter. */
let tapRows: usize = 0;
let line: usize = 0;
let inputRow: i32 = 0;
let reducedRow: i32 = 0;
let outputRow: i32 = 0;

/**
 * Sets up one resize of rows that {@link pushRows} will bring.
 *
 * @param target where to write `targetWidth × targetHeight × channels` bytes
 * @param sourceWidth, sourceHeight of the rows to come, px
 * @param left, top, width, height the window to show, px; it may begin and end between two of them
 * @param channels 1 for a plane, 4 for RGBA
 * @param hasAlpha RGBA only: colour is weighted by alpha
 * @returns false when memory is out
 */
export function beginResize(
  target: usize,
  sourceWidth: i32,
  sourceHeight: i32,
  left: f64,
  top: f64,
  width: f64,
  height: f64,
  targetWidth: i32,
  targetHeight: i32,
  channels: i32,
  hasAlpha: bool,
  filterX: i32,
  filterY: i32,
): bool {
  inputHeight = sourceHeight;
  outputWidth = targetWidth;
  outputHeight = targetHeight;
  inputRow = reducedRow = outputRow = 0;
  output = target;
  reducer.inputWidth = sourceWidth;
  reducer.channels = channels;
  reducer.premultiply = hasAlpha;
  reducer.factorX = cellSide(width / targetWidth, filterX);
  reducer.factorY = cellSide(height / targetHeight, filterY);
  if (!startReducer(reducer)) return false;

  const reducedHeight = (sourceHeight + reducer.factorY - 1) / reducer.factorY;
  const fx = reducer.factorX as f64;
  const fy = reducer.factorY as f64;
  const stepX = channels === 1 ? PLANE_STEP : RGBA_STEP;
  if (!fillWeights(horizontal, reducer.width, left / fx, width / fx, targetWidth, filterX, stepX))
    return false;
  if (!fillWeights(vertical, reducedHeight, top / fy, height / fy, targetHeight, filterY, VERTICAL_STEP))
    return false;

  ring = allocateRows(reducer, vertical.taps);
  line = allocateRows(reducer, 1);
  tapRows = allocate((vertical.tapsPadded as u64) * 4);
  if (ring === 0 || line === 0 || tapRows === 0) return false;
  // Slack is read with weight 0; only the ring's own rows are ever written.
  memory.fill(ring, 0, rowStride(reducer) * <usize>vertical.taps);
  return true;
}

function cellSide(ratio: f64, filter: i32): i32 {
  if (filter === NEAREST) return 1;
  return Math.min(Math.max(Math.floor(ratio / LEAST_FILTER_RATIO), 1), MAX_CELL_SIDE) as i32;
}

/** Takes the next rows of the input, from the top; rows past those that {@link beginResize} was told of are ignored. */
export function pushRows(rows: usize, strideBytes: i32, count: i32): void {
  let input = rows;
  for (let row = 0; row < count && inputRow < inputHeight && outputRow < outputHeight; row++) {
    takeRow(input);
    input += strideBytes;
  }
}

function takeRow(input: usize): void {
  inputRow++;
  const slot = ringRow(reducedRow);
  if (isPlain(reducer)) {
    widenRow(input, slot, reducer.width * reducer.channels);
  } else {
    addRow(reducer, input);
    if (reducer.rowsTaken < reducer.factorY && inputRow < inputHeight) return;
    finishRow(reducer, slot);
  }
  reducedRow++;
  while (outputRow < outputHeight && vertical.startOf(outputRow) + vertical.taps <= reducedRow) writeRow();
}

function ringRow(row: i32): usize {
  return ring + rowStride(reducer) * <usize>(row % vertical.taps);
}

function writeRow(): void {
  const start = vertical.startOf(outputRow);
  for (let tap = 0; tap < vertical.tapsPadded; tap++) {
    const row = ringRow(start + min(tap, vertical.taps - 1));
    store<u32>(tapRows + ((<usize>tap) << 2), row as u32);
  }
  const samples = reducer.width * reducer.channels;
  blendRows(tapRows, vertical.weightsOf(outputRow), vertical.tapsPadded, samples, line);
  const at = output + <usize>(outputRow * outputWidth * reducer.channels);
  if (reducer.channels === 1) resampleLine(line, horizontal, outputWidth, at);
  else resampleRgbaLine(line, horizontal, outputWidth, at, reducer.premultiply);
  outputRow++;
}
