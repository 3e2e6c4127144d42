import { allocate } from "../arena";
import { extend, findLongCode, LOOKUP_BITS, lookupTable } from "./huffman";
import { isRestart, nextMarkerInData } from "./markers";
import { BAD_CODE, BAD_RESTART, fail, HOLE } from "./status";

/**
 * The bits of one entropy-coded segment.
 *
 * A window of the file is unstuffed (T.81 §F.1.2.3: 0xFF 0x00 stands for 0xFF) and laid down backwards, first byte at
 * the highest address. Bits are read from the most significant end of a byte, memory is little-endian: backwards, one
 * unaligned 64-bit load brings the next eight bytes in the order in which their bits are read.
 *
 * Below the last byte of a segment lie zeros, enough of them for the largest MCU, so decoding needs no check for the
 * end at every symbol; it checks once after each MCU whether more bits were used than there were.
 */

const WINDOW_BYTES: usize = 32_768;
/** More than the longest MCU: 10 blocks of 64 coefficients of at most 16 + 15 bits, and one load. */
const MCU_BYTES: usize = 4_096;

/** Bits not yet used, the next one at the top. */
export let bitBuffer: u64 = 0;
export let bitCount: i32 = 0;
/** Address just above the next byte to load. */
export let bitSource: usize = 0;

let windowBottom: usize = 0;
let windowTop: usize = 0;
/** Address of the last byte that has been unstuffed. */
let lowest: usize = 0;
let file: usize = 0;
let fileEnd: usize = 0;
let isSegmentWhole: bool = false;

export function openWindow(): bool {
  const piece = allocate(MCU_BYTES + WINDOW_BYTES + 16);
  windowBottom = piece + MCU_BYTES;
  windowTop = windowBottom + WINDOW_BYTES;
  return piece !== 0;
}

/** Hot loops keep the three in locals and hand them back. */
export function setBits(buffer: u64, count: i32, source: usize): void {
  bitBuffer = buffer;
  bitCount = count;
  bitSource = source;
}

/** Begins a segment at `from`, the byte after a scan header or a restart marker. */
export function startSegment(from: usize, end: usize): void {
  file = from;
  fileEnd = end;
  isSegmentWhole = false;
  lowest = bitSource = windowTop;
  bitBuffer = 0;
  bitCount = 0;
  fillWindow();
}

/** Makes sure that a whole MCU can be read without looking. */
export function ensureMcu(): void {
  if (!isSegmentWhole && bitSource < lowest + MCU_BYTES) fillWindow();
}

/** More bits have been used than the segment had. */
export function isExhausted(): bool {
  return unreadBits() < 0;
}

function unreadBits(): i32 {
  return ((bitSource as i32) - (lowest as i32)) * 8 + bitCount;
}

/**
 * Ends a segment. Whatever is left over in it is passed over, as libjpeg does: some cameras fill their files up, and some
 * editors leave the end of what they wrote over. Zeros in the place of data (a download that was never finished) decode
 * as if they were picture, though: they are known by the last bits that were used lying among them.
 *
 * @returns how far the file has been read
 */
export function finishSegment(): usize {
  const last = bitSource + ((bitCount >> 3) as usize);
  const isEndedInData = load<u8>(last) !== 0;
  if (!isSegmentWhole) fillWindow();
  if (isSegmentWhole && unreadBits() < (SPARE_BYTES + 1) * 8) return file;
  if (!isEndedInData && isRestZero()) fail(HOLE);
  return file;
}

/** So many zeros are the end of no download: a last code may be of zeros. */
const SPARE_BYTES: i32 = 9;

/** Reads to the end of the segment, or to the first byte that is not zero. */
function isRestZero(): bool {
  const ending = bitCount & 7;
  const loaded = bitCount - ending;
  if (loaded > 0 && (bitBuffer << (ending as u64)) >> ((64 - loaded) as u64) !== 0) return false;
  bitCount = 0;
  do {
    for (let at = lowest; at < bitSource; at++) if (load<u8>(at) !== 0) return false;
    bitSource = lowest;
    if (isSegmentWhole) return true;
    fillWindow();
  } while (bitSource > lowest);
  return true;
}

/** Leaves a segment in the middle. Returns how far the file has been read. */
export function leaveSegment(): usize {
  return file;
}

/**
 * Ends a segment and begins the next, behind the restart marker that is due. Markers that are numbered wrongly are taken
 * as libjpeg takes them: one that is far from what is due stands for it, and a segment behind a number that is over is
 * passed over. Where the next but one or two is met, a part of the picture is missing.
 *
 * @param ordinal of the marker that is due
 */
export function restartSegment(ordinal: i32): void {
  let marker = nextMarkerInData(finishSegment(), fileEnd);
  while (marker < fileEnd) {
    const code = load<u8>(marker, 1) as i32;
    const ahead = isRestart(code) ? (code - ordinal) & 7 : MISSING;
    if (ahead === 0 || (ahead >= 3 && ahead <= 5)) {
      startSegment(marker + 2, fileEnd);
      return;
    }
    if (ahead < 6) break;
    marker = nextMarkerInData(marker + 2, fileEnd);
  }
  fail(BAD_RESTART);
}

/** Any distance of a marker that tells that those before it are not there. */
const MISSING: i32 = 1;

function fillWindow(): void {
  const unread = bitSource - lowest;
  // With what the bit buffer holds, which is looked at once more when the segment ends.
  memory.copy(windowTop - unread, lowest, unread + 8);
  bitSource = windowTop;
  lowest = windowTop - unread;
  unstuff();
  if (isSegmentWhole) memory.fill(lowest - MCU_BYTES, 0, MCU_BYTES);
}

/** Sixteen bytes at once, or as many of them as lie before an 0xFF; what is written after those is written over. */
function unstuff(): void {
  let from = file;
  let to = lowest;
  const room = windowBottom + 16;
  while (to >= room) {
    if (from + 16 <= fileEnd) {
      const bytes = v128.load(from);
      v128.store(to - 16, i8x16.shuffle(bytes, bytes, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0));
      const marks = i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(-1)));
      if (marks === 0) {
        to -= 16;
        from += 16;
        continue;
      }
      to -= ctz(marks) as usize;
      from += ctz(marks) as usize;
    }
    const byte = from < fileEnd ? load<u8>(from) : 0;
    if (from >= fileEnd || (byte === 0xff && !isStuffed(from))) {
      isSegmentWhole = true;
      break;
    }
    store<u8>(--to, byte);
    from += byte === 0xff ? 2 : 1;
  }
  file = from;
  lowest = to;
}

function isStuffed(at: usize): bool {
  return at + 1 < fileEnd && load<u8>(at, 1) === 0;
}

/** Tops the buffer up to at least 56 bits. */
export function refill(): void {
  bitBuffer |= load<u64>(bitSource - 8) >> (bitCount as u64);
  bitSource -= ((63 - bitCount) >> 3) as usize;
  bitCount |= 56;
}

/** The next symbol; at least 16 bits must be there. An impossible code fails the decode and reads as 0. */
export function readSymbol(table: i32): i32 {
  let entry = load<u16>((lookupTable(table) + ((bitBuffer >> (64 - LOOKUP_BITS)) << 1)) as usize) as i32;
  if (entry === 0) entry = readLongCode(table, bitBuffer);
  bitBuffer <<= (entry >> 8) as u64;
  bitCount -= entry >> 8;
  return entry & 255;
}

/** Like an entry of the lookup, for the bits at the top of `buffer`. */
export function readLongCode(table: i32, buffer: u64): i32 {
  const entry = findLongCode(table, (buffer >> 48) as i32);
  if (entry !== 0) return entry;
  fail(BAD_CODE);
  return 1 << 8;
}

/** The next `count` bits, 1–16, as they are. */
export function readBits(count: i32): i32 {
  if (bitCount < 32) refill();
  const value = (bitBuffer >> ((64 - count) as u64)) as i32;
  bitBuffer <<= count as u64;
  bitCount -= count;
  return value;
}

/** A signed value of `size` bits, 1–15. */
export function readValue(size: i32): i32 {
  const value = (bitBuffer >> ((64 - size) as u64)) as i32;
  bitBuffer <<= size as u64;
  bitCount -= size;
  return extend(value, size);
}
