import { allocate } from "../arena";
import { addToChecksum, EMPTY_CHECKSUM } from "./checksum";
import { expandRow } from "./expand";
import {
  allocateInflater,
  INPUT_SLACK,
  inflate,
  isInflated,
  OUTPUT_SLACK,
  outputEnd,
  startInflating,
  storedChecksum,
  WINDOW_BYTES,
} from "./inflate";
import { BAD_CHECKSUM, BAD_FILTER, OK, TRUNCATED } from "./status";
import { ROW_SLACK, unfilterRow } from "./unfilter";

/**
 * A PNG, row by row: inflated into a buffer that slides along, unfiltered, and turned into RGBA. What is held is that
 * buffer and two rows, whatever the size of the picture, and nothing is inflated that the header does not claim.
 */

/** Inflated at a time, beside one row. */
const BATCH_BYTES: u64 = 65_536;

let payload: usize = 0;
let payloadBytes: usize = 0;
let width: i32 = 0;
let colorType: i32 = 0;
let bitDepth: i32 = 0;
let pixelBits: i32 = 0;
let rowBytes: i32 = 0;
let rowsLeft: i32 = 0;
let isLastPass: bool = false;

let buffer: usize = 0;
let bufferTarget: usize = 0;
/** Up to where the buffer is inflated, and from where on its rows are still to be taken. */
let inflated: usize = 0;
let taken: usize = 0;
let checksum: u32 = EMPTY_CHECKSUM;
/** What inflating failed with, behind rows that are still good. */
let damage: i32 = OK;
let row: usize = 0;
let above: usize = 0;

/** What ended {@link nextPngRows} early; 0 while nothing has. */
export let pngStatus: i32 = OK;

/**
 * Sets up one picture, behind whatever its resize has set up.
 *
 * @param bytes of all IDAT chunks together
 * @param widest px of the widest row
 * @param samples of a pixel as stored, 1–4
 * @returns where to put the content of the IDAT chunks; 0 when memory is out
 */
export function startPng(bytes: i32, widest: i32, type: i32, samples: i32, depth: i32): usize {
  colorType = type;
  bitDepth = depth;
  pixelBits = samples * depth;
  payloadBytes = bytes;
  const longest = rowLength(widest) as u64;
  const bufferBytes = (WINDOW_BYTES as u64) + BATCH_BYTES + longest + 1;
  payload = allocate((bytes as u64) + INPUT_SLACK);
  buffer = allocate(bufferBytes + OUTPUT_SLACK + ROW_SLACK);
  row = allocate(longest + ROW_SLACK);
  above = allocate(longest + ROW_SLACK);
  if (payload === 0 || buffer === 0 || row === 0 || above === 0 || !allocateInflater()) return 0;
  bufferTarget = buffer + (bufferBytes as usize);
  inflated = taken = buffer;
  checksum = EMPTY_CHECKSUM;
  pngStatus = damage = OK;
  return payload;
}

/** Begins to read the payload, once it is there. */
export function beginPng(): i32 {
  pngStatus = startInflating(payload, payloadBytes);
  return pngStatus;
}

/** Begins a pass (§8.1), or the picture that has no passes. */
export function beginPass(passWidth: i32, passHeight: i32, isLast: bool): void {
  width = passWidth;
  rowBytes = rowLength(passWidth) as i32;
  rowsLeft = passHeight;
  isLastPass = isLast;
  memory.fill(above, 0, rowBytes + ROW_SLACK);
}

function rowLength(pixels: i32): u64 {
  return ((pixels as u64) * (pixelBits as u64) + 7) >> 3;
}

/**
 * Writes the next rows of the pass as RGBA, one behind the other.
 *
 * @param pixels where to; 0 to pass over them
 * @returns how many; fewer than `most` at the end of the pass, or when `pngStatus` says why
 */
export function nextPngRows(pixels: usize, most: i32): i32 {
  let done = 0;
  while (done < most && rowsLeft > 0) {
    if (!hasRow()) return done;
    if (!unfilterRow(load<u8>(taken), taken + 1, above, row, rowBytes, max(pixelBits >> 3, 1))) {
      pngStatus = BAD_FILTER;
      return done;
    }
    if (pixels !== 0)
      expandRow(row, pixels + ((<usize>done * <usize>width) << 2), width, colorType, bitDepth);
    taken += rowBytes + 1;
    const unfiltered = row;
    row = above;
    above = unfiltered;
    done++;
    rowsLeft--;
  }
  if (rowsLeft === 0 && isLastPass && pngStatus === OK) checkEnd();
  return done;
}

/** Sees to it that a whole row lies in the buffer. */
function hasRow(): bool {
  const needed = <usize>rowBytes + 1;
  if (inflated - taken >= needed) return true;
  slide();
  inflateMore(bufferTarget);
  if (inflated - taken >= needed) return true;
  pngStatus = damage === OK ? TRUNCATED : damage;
  return false;
}

function inflateMore(target: usize): void {
  if (damage !== OK) return;
  const from = inflated;
  damage = inflate(buffer, from, target);
  inflated = outputEnd;
  checksum = addToChecksum(checksum, from, inflated - from);
}

/** Moves what is still needed, rows and window, to the front of the buffer. */
function slide(): void {
  const window = inflated - min(inflated - buffer, WINDOW_BYTES as usize);
  const keep = min(window, taken);
  const shift = keep - buffer;
  if (shift === 0) return;
  memory.copy(buffer, keep, inflated - keep);
  inflated -= shift;
  taken -= shift;
}

/** All rows are there. More than those is let be; the checksum tells whether they are what was compressed. */
function checkEnd(): void {
  if (inflated > taken) return;
  slide();
  inflateMore(inflated + 1);
  if (damage !== OK) pngStatus = damage;
  else if (inflated === taken && isInflated() && storedChecksum() !== checksum) pngStatus = BAD_CHECKSUM;
}
