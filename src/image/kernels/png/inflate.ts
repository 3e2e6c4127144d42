import { allocate } from "../arena";
import {
  buildTable,
  CODE_LENGTHS,
  DISTANCES,
  END_OF_BLOCK,
  LITERAL,
  LITERALS,
  SUBTABLE,
  tableEntries,
} from "./codes";
import { BAD_BLOCK, BAD_CODE, BAD_DISTANCE, BAD_HEADER, BAD_TABLE, OK, TRUNCATED } from "./status";

/**
 * Deflate (RFC 1951) in a zlib wrapper (RFC 1950), as much of it at a time as is asked for.
 *
 * The bits of the input wait in a 64-bit word, lowest first. A refill is one unaligned load: it puts the next bytes above
 * the bits that still wait, and counts only whole bytes of them as taken, so what was loaded twice is the same both
 * times. After it at least 56 bits wait: a length, a distance and their extra bits are 48 at most. Input may be read
 * `INPUT_SLACK` bytes past its end; that is noticed, at the next symbol, by the place where the bits that were used end.
 */

export const INPUT_SLACK: u64 = 24;
/** How far back a repetition may reach. */
export const WINDOW_BYTES: i32 = 32_768;
/** Written at most past what was asked for: the longest repetition, in steps of 16. */
export const OUTPUT_SLACK: i32 = 258 + 16;

const LITERAL_BITS: i32 = 11;
const DISTANCE_BITS: i32 = 8;
const CODE_LENGTH_BITS: i32 = 7;
const MAX_LITERALS: i32 = 288;
const MAX_DISTANCES: i32 = 32;
const MAX_CODE_LENGTHS: i32 = 19;

/** Between blocks, within a stored one, within a compressed one, behind the last one. */
const BETWEEN: i32 = 0;
const STORED: i32 = 1;
const COMPRESSED: i32 = 2;
const ENDED: i32 = 3;

let input: usize = 0;
let inputEnd: usize = 0;
let bits: u64 = 0;
let bitCount: u64 = 0;
let state: i32 = BETWEEN;
let isLast: bool = false;
let storedLeft: i32 = 0;
let literalTable: usize = 0;
let distanceTable: usize = 0;
let codeLengthTable: usize = 0;
/** Lengths of the codes of literals, and right behind them of distances. */
let lengths: usize = 0;

/** @returns false when memory is out */
export function allocateInflater(): bool {
  literalTable = allocate((tableEntries(LITERAL_BITS, MAX_LITERALS) as u64) * 4);
  distanceTable = allocate((tableEntries(DISTANCE_BITS, MAX_DISTANCES) as u64) * 4);
  codeLengthTable = allocate((tableEntries(CODE_LENGTH_BITS, MAX_CODE_LENGTHS) as u64) * 4);
  lengths = allocate((MAX_LITERALS + MAX_DISTANCES + 16) as u64);
  return literalTable !== 0 && distanceTable !== 0 && codeLengthTable !== 0 && lengths !== 0;
}

/** Begins with zlib data of which `INPUT_SLACK` bytes more may be read. */
export function startInflating(data: usize, bytes: usize): i32 {
  input = data;
  inputEnd = data + bytes;
  bits = 0;
  bitCount = 0;
  state = BETWEEN;
  isLast = false;
  const method = takeBits(8);
  const flags = takeBits(8);
  if (isOverread()) return TRUNCATED;
  const hasDictionary = (flags & 0x20) !== 0;
  const isZlib = (method & 15) === 8 && method >> 4 <= 7 && ((method << 8) | flags) % 31 === 0;
  return isZlib && !hasDictionary ? OK : BAD_HEADER;
}

/** Whether all blocks have been read. */
export function isInflated(): bool {
  return state === ENDED;
}

/** The Adler-32 behind the last block, as far as there is one; 0 when it is cut off. */
export function storedChecksum(): u32 {
  skipToByte();
  let sum: u32 = 0;
  for (let i = 0; i < 4; i++) sum = (sum << 8) | takeBits(8);
  return isOverread() ? 0 : sum;
}

/** Where the output of the last call of {@link inflate} ends. */
export let outputEnd: usize = 0;

/**
 * Goes on until the output has reached `target`, or the data its end.
 *
 * @param first where what may be repeated begins
 * @param from where to go on writing; `OUTPUT_SLACK` bytes behind `target` may be written
 */
export function inflate(first: usize, from: usize, target: usize): i32 {
  outputEnd = from;
  while (outputEnd < target && state !== ENDED) {
    const status = step(first, target);
    if (status !== OK) return status;
  }
  return OK;
}

function step(first: usize, target: usize): i32 {
  if (state === STORED) return copyStored(target);
  if (state === COMPRESSED) return decodeSymbols(first, target);
  if (isLast) {
    state = ENDED;
    return OK;
  }
  return openBlock();
}

/** RFC 1951 §3.2.3. */
function openBlock(): i32 {
  isLast = takeBits(1) === 1;
  const kind = takeBits(2);
  if (isOverread()) return TRUNCATED;
  if (kind === 0) return openStored();
  if (kind === 3) return BAD_BLOCK;
  state = COMPRESSED;
  return kind === 1 ? readFixedCodes() : readCodes();
}

function openStored(): i32 {
  skipToByte();
  storedLeft = takeBits(16);
  const inverted = takeBits(16);
  if (isOverread()) return TRUNCATED;
  if ((storedLeft ^ inverted) !== 0xffff) return BAD_BLOCK;
  // What still waits in the word are whole bytes: they are read again from the input.
  input -= <usize>(bitCount >> 3);
  bits = 0;
  bitCount = 0;
  state = STORED;
  return OK;
}

function copyStored(target: usize): i32 {
  const wanted = min(<usize>storedLeft, target - outputEnd);
  const there = min(wanted, inputEnd - input);
  memory.copy(outputEnd, input, there);
  input += there;
  outputEnd += there;
  storedLeft -= <i32>there;
  if (there < wanted) return TRUNCATED;
  if (storedLeft === 0) state = BETWEEN;
  return OK;
}

/** RFC 1951 §3.2.6. */
function readFixedCodes(): i32 {
  for (let symbol = 0; symbol < MAX_LITERALS; symbol++) {
    store<u8>(lengths + symbol, (symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8) as u8);
  }
  buildTable(literalTable, LITERAL_BITS, lengths, MAX_LITERALS, LITERALS);
  memory.fill(lengths, 5, MAX_DISTANCES);
  buildTable(distanceTable, DISTANCE_BITS, lengths, MAX_DISTANCES, DISTANCES);
  return OK;
}

const CODE_LENGTH_ORDER = memory.data<u8>([16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]);

/** RFC 1951 §3.2.7: codes of both tables, themselves written in a code. */
function readCodes(): i32 {
  const literals = takeBits(5) + 257;
  const distances = takeBits(5) + 1;
  const count = takeBits(4) + 4;
  if (literals > 286 || distances > 30) return BAD_TABLE;
  memory.fill(lengths, 0, MAX_CODE_LENGTHS);
  for (let i = 0; i < count; i++) store<u8>(lengths + load<u8>(CODE_LENGTH_ORDER + i), takeBits(3) as u8);
  if (!buildTable(codeLengthTable, CODE_LENGTH_BITS, lengths, MAX_CODE_LENGTHS, CODE_LENGTHS))
    return BAD_TABLE;
  const status = readLengths(literals + distances);
  if (status !== OK) return status;
  // A block without an end would never be left.
  if (load<u8>(lengths, 256) === 0) return BAD_TABLE;
  const isCode =
    buildTable(literalTable, LITERAL_BITS, lengths, literals, LITERALS) &&
    buildTable(distanceTable, DISTANCE_BITS, lengths + literals, distances, DISTANCES);
  return isCode ? OK : BAD_TABLE;
}

function readLengths(wanted: i32): i32 {
  let at = 0;
  let previous = 0;
  while (at < wanted) {
    refill();
    const entry = load<u32>(codeLengthTable + ((<usize>(bits & ((1 << CODE_LENGTH_BITS) - 1))) << 2));
    if (entry === 0) return BAD_CODE;
    drop(entry & 255);
    if (isOverread()) return TRUNCATED;
    const symbol = <i32>(entry >>> 16);
    if (symbol < 16) {
      store<u8>(lengths + at++, symbol as u8);
      previous = symbol;
      continue;
    }
    if (symbol === 16 && at === 0) return BAD_TABLE;
    if (symbol > 16) previous = 0;
    const times = symbol === 16 ? takeBits(2) + 3 : symbol === 17 ? takeBits(3) + 3 : takeBits(7) + 11;
    if (at + times > wanted) return BAD_TABLE;
    memory.fill(lengths + at, previous as u8, times);
    at += times;
  }
  return OK;
}

/** Everything that the loop below looks at is held in locals: the globals would be written with every symbol. */
function decodeSymbols(first: usize, target: usize): i32 {
  if (isOverread()) return TRUNCATED;
  let word = bits;
  let count = bitCount;
  let next = input;
  let out = outputEnd;
  let status = OK;
  const end = inputEnd;
  while (out < target) {
    word |= load<u64>(next) << count;
    next += <usize>((63 - count) >> 3);
    count |= 56;
    // More bytes were used than there are.
    if (next - <usize>(count >> 3) > end) {
      status = TRUNCATED;
      break;
    }
    let entry = lookUp(literalTable, word, LITERAL_BITS);
    if (entry & SUBTABLE) {
      word >>= LITERAL_BITS;
      count -= LITERAL_BITS;
      entry = lookInto(literalTable, entry, word);
    }
    word >>= <u64>(entry & 255);
    count -= <u64>(entry & 255);
    if (entry & LITERAL) {
      store<u8>(out++, (entry >>> 16) as u8);
      // 41 bits are left, or more: enough for another literal, and for what the next turn finds.
      entry = lookUp(literalTable, word, LITERAL_BITS);
      if (!(entry & LITERAL)) continue;
      word >>= <u64>(entry & 255);
      count -= <u64>(entry & 255);
      store<u8>(out++, (entry >>> 16) as u8);
      continue;
    }
    if (entry & END_OF_BLOCK) {
      state = BETWEEN;
      break;
    }
    const lengthExtra = <u64>((entry >>> 8) & 31);
    const length = <usize>(entry >>> 16) + <usize>(word & ((1 << lengthExtra) - 1));
    word >>= lengthExtra;
    count -= lengthExtra;
    let far = lookUp(distanceTable, word, DISTANCE_BITS);
    if (far & SUBTABLE) {
      word >>= DISTANCE_BITS;
      count -= DISTANCE_BITS;
      far = lookInto(distanceTable, far, word);
    }
    word >>= <u64>(far & 255);
    count -= <u64>(far & 255);
    const distanceExtra = <u64>((far >>> 8) & 31);
    const distance = <usize>(far >>> 16) + <usize>(word & ((1 << distanceExtra) - 1));
    word >>= distanceExtra;
    count -= distanceExtra;
    if (entry >>> 16 === 0 || far >>> 16 === 0) {
      status = BAD_CODE;
      break;
    }
    if (distance > out - first) {
      status = BAD_DISTANCE;
      break;
    }
    repeatBytes(out, distance, length);
    out += length;
  }
  bits = word;
  bitCount = count;
  input = next;
  outputEnd = out;
  return status;
}

function lookUp(table: usize, word: u64, primary: i32): u32 {
  return load<u32>(table + ((<usize>(word & ((1 << primary) - 1))) << 2));
}

/** The entry behind a door, `word` being what follows the bits that led to it. */
function lookInto(table: usize, door: u32, word: u64): u32 {
  const mask = ((1 << ((door >>> 8) & 15)) - 1) as u32;
  return load<u32>(table + ((<usize>((door >>> 16) + ((word as u32) & mask))) << 2));
}

/** Copies within the output; a distance shorter than the length repeats what it has just written. */
function repeatBytes(out: usize, distance: usize, length: usize): void {
  const from = out - distance;
  if (distance >= 16) {
    for (let at: usize = 0; at < length; at += 16) v128.store(out + at, v128.load(from + at));
  } else if (distance === 1) {
    memory.fill(out, load<u8>(from), length);
  } else {
    for (let at: usize = 0; at < length; at++) store<u8>(out + at, load<u8>(from + at));
  }
}

function refill(): void {
  if (input <= inputEnd + 8) bits |= load<u64>(input) << bitCount;
  input += <usize>((63 - bitCount) >> 3);
  bitCount |= 56;
}

function drop(count: i32): void {
  bits >>= <u64>count;
  bitCount -= <u64>count;
}

/** @param count at most 16 */
function takeBits(count: i32): i32 {
  refill();
  const value = <i32>(bits & ((1 << (<u64>count)) - 1));
  drop(count);
  return value;
}

function skipToByte(): void {
  refill();
  drop(<i32>(bitCount & 7));
}

function isOverread(): bool {
  return input - <usize>(bitCount >> 3) > inputEnd;
}
