import { bitBuffer, bitCount, bitSource, readSymbol, readValue, refill, setBits } from "./bits";
import { COEFFICIENTS, Component } from "./frame";
import {
  AC_ENDS,
  AC_PASSED_SHIFT,
  AC_VALUE_SHIFT,
  COEFFICIENT_BITS,
  coefficientTable,
  DIFFERENCE_BITS,
  DIFFERENCE_SHIFT,
  differenceTable,
  FIRST_AC_TABLE,
  SKIP_BITS,
  SKIP_ENDS,
  SKIP_PASSED_SHIFT,
  skipTable,
} from "./huffman";
import { BLOCK, clearBlock, fillBlock, transformBlock } from "./idct";
import { fail, OVERLONG_BLOCK } from "./status";
import { ZIGZAG } from "./zigzag";

/** A run of 16 zeros and no value behind it. */
const ZRL: i32 = 0xf0;

/** Decodes one block of a sequential scan (T.81 §F.2.2) and, when it is needed, transforms it into its plane. */
export function decodeSequentialBlock(component: Component, column: i32, row: i32): void {
  const isNeeded = component.needsBlock(column, row);
  if (isNeeded && component.lastKept > 0) {
    decodeKept(component, component.samplesOf(column, row));
    return;
  }
  const dc = readMean(component);
  if (isNeeded) store<u8>(component.samplesOf(column, row), meanOf(dc));
}

/** At 1/8 a block is one sample: its mean. */
function meanOf(dc: i32): u8 {
  return min(max(((dc + 4) >> 3) + 128, 0), 255) as u8;
}

function decodeKept(component: Component, samples: usize): void {
  const ac = FIRST_AC_TABLE + component.acTable;
  const dc = readDc(component);
  clearBlock(component.rows);
  store<i16>(BLOCK, dc as i16);
  const next = readCoefficients(ac, component.quant, component.lastKept);
  if (next === 1) {
    fillBlock(dc, component.columns, component.rows, samples, component.stride);
  } else {
    if (next > 0) skipCoefficients(ac, next, bitBuffer, bitCount, bitSource);
    transformBlock(component.columns, component.rows, samples, component.stride);
  }
}

/** The DC coefficient, dequantised: the one before plus a difference. */
function readDc(component: Component): i32 {
  refill();
  const size = readSymbol(component.dcTable);
  if (size > 0) component.prediction += readValue(size);
  return component.prediction * (load<u16>(component.quant) as i32);
}

/**
 * Reads AC coefficients into the block in work until all up to `last` are known.
 *
 * @returns the index of the next coefficient when the block goes on, 1 when it ended with no coefficient at all, else 0
 */
function readCoefficients(table: i32, quant: usize, last: i32): i32 {
  const coefficients = coefficientTable(table);
  let buffer = bitBuffer;
  let count = bitCount;
  let source = bitSource;
  let index = 1;
  while (index <= last) {
    buffer |= load<u64>(source - 8) >> (count as u64);
    source -= ((63 - count) >> 3) as usize;
    count |= 56;
    let entry = load<i32>((coefficients + ((buffer >> (64 - COEFFICIENT_BITS)) << 2)) as usize);
    if (entry === 0) {
      setBits(buffer, count, source);
      entry = readLongCoefficient(table);
      buffer = bitBuffer;
      count = bitCount;
      source = bitSource;
    } else {
      buffer <<= entry as u64;
      count -= entry & 255;
    }
    if ((entry & AC_ENDS) !== 0) {
      setBits(buffer, count, source);
      return index === 1 ? 1 : 0;
    }
    index += (entry >> AC_PASSED_SHIFT) & 127;
    if (index - 1 <= last) {
      const place = (<usize>load<u8>(ZIGZAG + index - 1)) << 1;
      const step = load<u16>(quant + ((<usize>index - 1) << 1)) as i32;
      store<i16>(BLOCK + place, ((entry >> AC_VALUE_SHIFT) * step) as i16);
    }
  }
  setBits(buffer, count, source);
  if (index > COEFFICIENTS) fail(OVERLONG_BLOCK);
  return index < COEFFICIENTS ? index : 0;
}

/** Like an entry of the coefficient table, of one that it does not hold, and with its bits dropped. */
function readLongCoefficient(table: i32): i32 {
  const symbol = readSymbol(table);
  const size = symbol & 15;
  if (size === 0 && symbol !== ZRL) return AC_ENDS;
  const value = size > 0 ? readValue(size) : 0;
  return (((symbol >> 4) + 1) << AC_PASSED_SHIFT) | (value << AC_VALUE_SHIFT);
}

/**
 * The DC coefficient, dequantised, of a block that nothing else is wanted of: {@link readDc} and
 * {@link skipCoefficients} in one, because at 1/8 this is nearly all that the decoder does.
 */
function readMean(component: Component): i32 {
  const count = bitCount;
  let buffer = bitBuffer | (load<u64>(bitSource - 8) >> (count as u64));
  let left = count | 56;
  const source = bitSource - (((63 - count) >> 3) as usize);
  const differences = differenceTable(component.dcTable);
  const entry = load<i32>((differences + ((buffer >> (64 - DIFFERENCE_BITS)) << 2)) as usize);
  if (entry === 0) {
    setBits(buffer, left, source);
    const size = readSymbol(component.dcTable);
    if (size > 0) component.prediction += readValue(size);
    skipCoefficients(FIRST_AC_TABLE + component.acTable, 1, bitBuffer, bitCount, bitSource);
  } else {
    buffer <<= entry as u64;
    left -= entry & 255;
    component.prediction += entry >> DIFFERENCE_SHIFT;
    skipCoefficients(FIRST_AC_TABLE + component.acTable, 1, buffer, left, source);
  }
  return component.prediction * (load<u16>(component.quant) as i32);
}

/** Steps over the rest of a block from coefficient `from` on, several symbols at a time. */
function skipCoefficients(
  table: i32,
  from: i32,
  firstBuffer: u64,
  firstCount: i32,
  firstSource: usize,
): void {
  const skips = skipTable(table);
  let buffer = firstBuffer;
  let count = firstCount;
  let source = firstSource;
  // Coefficients passed and bits used since the refill, as a step of the table has them: one addition counts both.
  let place = from << SKIP_PASSED_SHIFT;
  while (place < SKIP_LIMIT) {
    buffer |= load<u64>(source - 8) >> (count as u64);
    source -= ((63 - count) >> 3) as usize;
    count |= 56;
    let step = skipAt(skips, buffer);
    if (place + step < SKIP_LIMIT) {
      place += step;
      buffer <<= step as u64;
      step = skipAt(skips, buffer);
      if (place + step < SKIP_LIMIT) {
        place += step;
        buffer <<= step as u64;
        step = skipAt(skips, buffer);
        if (place + step < SKIP_LIMIT) {
          place += step;
          buffer <<= step as u64;
          count -= place & 255;
          place &= ~255;
          continue;
        }
      }
    }
    // Symbols of one step may belong to the next block when this one is full: then they are taken one by one.
    const isEnd = (step & SKIP_ENDS) !== 0 && place + step < SKIP_LIMIT + SKIP_ENDS;
    if (isEnd || (place + step) >> SKIP_PASSED_SHIFT === COEFFICIENTS) {
      setBits(buffer << (step as u64), count - ((place + step) & 255), source);
      return;
    }
    setBits(buffer, count - (place & 255), source);
    const next = skipSymbol(table, place >> SKIP_PASSED_SHIFT);
    if (next >= COEFFICIENTS) return;
    buffer = bitBuffer;
    count = bitCount;
    source = bitSource;
    place = next << SKIP_PASSED_SHIFT;
  }
}

/** A place where the block is over. */
const SKIP_LIMIT: i32 = COEFFICIENTS << SKIP_PASSED_SHIFT;

/** What the next bits step over. */
function skipAt(skips: usize, buffer: u64): i32 {
  return load<u16>((skips + ((buffer >> (64 - SKIP_BITS)) << 1)) as usize);
}

/** Steps over one symbol. Returns the index of the next coefficient, COEFFICIENTS at the end of the block. */
function skipSymbol(table: i32, index: i32): i32 {
  refill();
  const symbol = readSymbol(table);
  const size = symbol & 15;
  if (size === 0 && symbol !== ZRL) return COEFFICIENTS;
  if (size > 0) readValue(size);
  const next = index + (symbol >> 4) + 1;
  if (next > COEFFICIENTS) fail(OVERLONG_BLOCK);
  return next;
}
