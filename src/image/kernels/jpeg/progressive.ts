import { bitCount, readBits, readSymbol, readValue, refill } from "./bits";
import { COEFFICIENTS, Component } from "./frame";
import { FIRST_AC_TABLE } from "./huffman";
import { BLOCK, clearBlock, fillBlock, transformBlock } from "./idct";
import { fail, OVERLONG_BLOCK } from "./status";
import { columnOf, rowOf, ZIGZAG } from "./zigzag";

/**
 * The scans of a progressive file (T.81 annex G). Every scan tells some bits of some coefficients of all blocks, so
 * the coefficients of the whole picture wait until the last scan is in. Of the 64 of a block only those are stored
 * that its samples are made of, N × N of them at N/8; of the others the file can only be read further with one bit
 * each: whether they are zero, because a refinement spends a bit on every coefficient that is not.
 */

/** In {@link Component.slots}: a coefficient that the samples do not depend on. */
export const NOT_KEPT: u8 = 255;

/** Blocks still to come that the current band ends before it begins (T.81 §G.1.2.2). */
let endOfBandRun: i32 = 0;

/** Coefficients of blocks that are not needed go here, and nowhere. */
const NOWHERE: usize = memory.data(128, 8);

export function clearEndOfBandRun(): void {
  endOfBandRun = 0;
}

/** Says for each coefficient where a block stores it. */
export function fillSlots(component: Component): void {
  for (let index = 0; index < COEFFICIENTS; index++) {
    const column = columnOf(index);
    const row = rowOf(index);
    const isKept = column < component.columns && row < component.rows;
    store<u8>(component.slots + index, isKept ? ((row * component.columns + column) as u8) : NOT_KEPT);
  }
}

function coefficientsOf(component: Component, column: i32, row: i32): usize {
  if (!component.needsBlock(column, row)) return NOWHERE;
  const across = component.endColumn - component.fromColumn;
  const block = (row - component.fromRow) * across + column - component.fromColumn;
  return component.coefficients + <usize>(block * component.columns * component.rows) * 2;
}

function nonZeroOf(component: Component, column: i32, row: i32): usize {
  return component.nonZero + <usize>(row * component.blocksAcross + column) * 8;
}

/** T.81 §G.1.2.1: the upper bits of a DC coefficient, as in a sequential scan. */
export function decodeDcFirst(component: Component, column: i32, row: i32, shift: i32): void {
  refill();
  const size = readSymbol(component.dcTable);
  if (size > 0) component.prediction += readValue(size);
  store<i16>(coefficientsOf(component, column, row), (component.prediction << shift) as i16);
}

/** One more bit of a DC coefficient. */
export function decodeDcRefinement(component: Component, column: i32, row: i32, shift: i32): void {
  if (readBits(1) === 0) return;
  const dc = coefficientsOf(component, column, row);
  store<i16>(dc, ((load<i16>(dc) as i32) | (1 << shift)) as i16);
}

/** T.81 §G.1.2.2: the upper bits of a band of AC coefficients. */
export function decodeAcFirst(
  component: Component,
  column: i32,
  row: i32,
  first: i32,
  last: i32,
  shift: i32,
): void {
  if (endOfBandRun > 0) {
    endOfBandRun--;
    return;
  }
  const coefficients = coefficientsOf(component, column, row);
  const nonZero = nonZeroOf(component, column, row);
  const table = FIRST_AC_TABLE + component.acTable;
  let known = load<u64>(nonZero);
  let index = first;
  while (index <= last) {
    if (bitCount < 32) refill();
    const symbol = readSymbol(table);
    const size = symbol & 15;
    const run = symbol >> 4;
    if (size === 0 && run < 15) {
      endOfBandRun = readRun(run) - 1;
      break;
    }
    index += run;
    if (size > 0) {
      const value = readValue(size);
      if (index <= last) {
        known |= (1 as u64) << (index as u64);
        const slot = load<u8>(component.slots + index);
        if (slot !== NOT_KEPT) store<i16>(coefficients + ((<usize>slot) << 1), (value << shift) as i16);
      }
    }
    index++;
  }
  store<u64>(nonZero, known);
  if (index > last + 1) fail(OVERLONG_BLOCK);
}

/** How many blocks, this one counted, an end-of-band symbol stands for: 2ʳᵘⁿ and `run` more bits. */
function readRun(run: i32): i32 {
  return run === 0 ? 1 : (1 << run) + readBits(run);
}

/**
 * T.81 §G.1.2.3: one more bit of a band. Coefficients known not to be zero have a correction bit each, in order; in
 * between, as in a first scan, runs of zeros lead to coefficients that become ±1 now.
 */
export function decodeAcRefinement(
  component: Component,
  column: i32,
  row: i32,
  first: i32,
  last: i32,
  shift: i32,
): void {
  const coefficients = coefficientsOf(component, column, row);
  const nonZero = nonZeroOf(component, column, row);
  let known = load<u64>(nonZero);
  let index = first;
  if (endOfBandRun === 0) {
    const table = FIRST_AC_TABLE + component.acTable;
    const one = 1 << shift;
    while (index <= last) {
      if (bitCount < 32) refill();
      const symbol = readSymbol(table);
      const run = symbol >> 4;
      if ((symbol & 15) === 0 && run < 15) {
        endOfBandRun = readRun(run);
        break;
      }
      const value = (symbol & 15) === 0 ? 0 : readBits(1) === 1 ? one : -one;
      const place = zeroAfter(known, index, last, run);
      refine(component, coefficients, known & between(index, min(place - 1, last)), shift);
      if (value !== 0 && place <= last) {
        known |= (1 as u64) << (place as u64);
        const slot = load<u8>(component.slots + place);
        if (slot !== NOT_KEPT) store<i16>(coefficients + ((<usize>slot) << 1), value as i16);
      } else if (value !== 0) {
        fail(OVERLONG_BLOCK);
      }
      index = place + 1;
    }
    store<u64>(nonZero, known);
  }
  if (endOfBandRun > 0) {
    if (index <= last) refine(component, coefficients, known & between(index, last), shift);
    endOfBandRun--;
  }
}

/** The coefficient behind `run` zero ones from `index` on; past `last` when there are not as many. */
function zeroAfter(known: u64, index: i32, last: i32, run: i32): i32 {
  let zeros = ~known & between(index, last);
  for (let passed = 0; passed < run; passed++) zeros &= zeros - 1;
  return zeros === 0 ? last + 1 : (ctz(zeros) as i32);
}

/** Bits `from` to `to`, both included; none when `to` lies before `from`. */
function between(from: i32, to: i32): u64 {
  if (to < from) return 0;
  return (~(0 as u64) << (from as u64)) & (~(0 as u64) >> ((63 - to) as u64));
}

/** Reads a correction bit for each coefficient in `which`: it moves the coefficient away from zero. */
function refine(component: Component, coefficients: usize, which: u64, shift: i32): void {
  const one = 1 << shift;
  let left = which;
  while (left !== 0) {
    const index = ctz(left) as usize;
    left &= left - 1;
    if (readBits(1) === 0) continue;
    const slot = load<u8>(component.slots + index);
    if (slot === NOT_KEPT) continue;
    const at = coefficients + ((<usize>slot) << 1);
    const value = load<i16>(at) as i32;
    store<i16>(at, (value < 0 ? value - one : value + one) as i16);
  }
}

/** All scans are in: transforms the needed blocks of a component into its plane. */
export function transformComponent(component: Component): void {
  const size = component.columns * component.rows;
  let coefficients = component.coefficients;
  for (let row = component.fromRow; row < component.endRow; row++) {
    for (let column = component.fromColumn; column < component.endColumn; column++) {
      const samples = component.samplesOf(column, row);
      if (size === 1) {
        const dc = (load<i16>(coefficients) as i32) * (load<u16>(component.quant) as i32);
        fillBlock(dc, 1, 1, samples, component.stride);
      } else {
        dequantise(component, coefficients);
        transformBlock(component.columns, component.rows, samples, component.stride);
      }
      coefficients += <usize>size * 2;
    }
  }
}

/** Sets up the block in work from what is stored. */
function dequantise(component: Component, coefficients: usize): void {
  clearBlock(component.rows);
  for (let index = 0; index <= component.lastKept; index++) {
    const slot = load<u8>(component.slots + index);
    if (slot === NOT_KEPT) continue;
    const value = load<i16>(coefficients + ((<usize>slot) << 1)) as i32;
    if (value === 0) continue;
    const step = load<u16>(component.quant + ((<usize>index) << 1)) as i32;
    store<i16>(BLOCK + ((<usize>load<u8>(ZIGZAG + index)) << 1), (value * step) as i16);
  }
}
