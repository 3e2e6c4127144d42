import { decodeSequentialBlock } from "./baseline";
import { ensureMcu, finishSegment, isExhausted, leaveSegment, restartSegment, startSegment } from "./bits";
import {
  Component,
  componentAt,
  componentCount,
  divideUp,
  isProgressive,
  mcusAcross,
  mcusDown,
} from "./frame";
import { FIRST_AC_TABLE, prepareTable } from "./huffman";
import {
  clearEndOfBandRun,
  decodeAcFirst,
  decodeAcRefinement,
  decodeDcFirst,
  decodeDcRefinement,
} from "./progressive";
import { fail, hasFailed, TRUNCATED } from "./status";

/** One scan header (T.81 §B.2.3) and the walk over the blocks that the scan holds. */

/** T.81 §B.2.3: blocks in one MCU of an interleaved scan. */
const MAX_MCU_BLOCKS: i32 = 10;
const MAX_SHIFT: i32 = 13;

let scanCount: i32 = 0;
const scanned: usize = memory.data(3);
/** Band of coefficients, and the bit that the scan before and this one end at. */
let first: i32 = 0;
let last: i32 = 0;
let shiftBefore: i32 = 0;
let shift: i32 = 0;

export let restartInterval: i32 = 0;

export function setRestartInterval(mcus: i32): void {
  restartInterval = mcus;
}

/** Reads a scan header; false when it makes no sense in this frame. */
export function readScanHeader(payload: usize, length: i32): bool {
  scanCount = length > 0 ? (load<u8>(payload) as i32) : 0;
  if (scanCount < 1 || scanCount > componentCount || length !== 4 + scanCount * 2) return false;
  let mcuBlocks = 0;
  for (let index = 0; index < scanCount; index++) {
    const selector = payload + 1 + <usize>index * 2;
    const ordinal = findComponent(load<u8>(selector), index);
    if (ordinal < 0) return false;
    const component = componentAt(ordinal);
    component.dcTable = load<u8>(selector, 1) >> 4;
    component.acTable = load<u8>(selector, 1) & 15;
    if (component.dcTable > 3 || component.acTable > 3) return false;
    mcuBlocks += component.horizontal * component.vertical;
    store<u8>(scanned + index, ordinal as u8);
  }
  if (scanCount > 1 && mcuBlocks > MAX_MCU_BLOCKS) return false;
  const band = payload + 1 + <usize>scanCount * 2;
  first = load<u8>(band);
  last = load<u8>(band, 1);
  shiftBefore = load<u8>(band, 2) >> 4;
  shift = load<u8>(band, 2) & 15;
  return isProgressive ? followsScansBefore() : isFirstOfItsComponents();
}

/**
 * The component of an id that is not among the first `taken` of the scan, or −1. Some encoders give all components one id,
 * and mean them in their order.
 */
function findComponent(id: i32, taken: i32): i32 {
  for (let ordinal = 0; ordinal < componentCount; ordinal++) {
    let isTaken = false;
    for (let index = 0; index < taken; index++) isTaken = isTaken || load<u8>(scanned + index) === ordinal;
    if (!isTaken && componentAt(ordinal).id === id) return ordinal;
  }
  return -1;
}

function scannedAt(index: i32): Component {
  return componentAt(load<u8>(scanned + index));
}

/** A sequential file tells each component once. */
function isFirstOfItsComponents(): bool {
  for (let index = 0; index < scanCount; index++) {
    if (scannedAt(index).isScanned) return false;
  }
  return true;
}

/** T.81 §G.1.1.1: which bands may be told together, and that bits come one after the other. */
function followsScansBefore(): bool {
  if (first === 0 ? last !== 0 : last < first || last > 63 || scanCount > 1) return false;
  if (shift > MAX_SHIFT || (shiftBefore !== 0 && shift !== shiftBefore - 1)) return false;
  for (let index = 0; index < scanCount; index++) {
    const precision = scannedAt(index).precision;
    if (first > 0 && load<i8>(precision) < 0) return false;
    for (let coefficient = first; coefficient <= last; coefficient++) {
      const bit = load<i8>(precision + coefficient) as i32;
      if (shiftBefore !== (bit < 0 ? 0 : bit)) return false;
      store<i8>(precision + coefficient, shift as i8);
    }
  }
  return true;
}

/** Nothing that the scan tells has to do with the samples that are wanted. */
export function isScanSkippable(): bool {
  return isProgressive && first > 0 && scannedAt(0).lastKept === 0;
}

/** The components that the scan tells something of are known from now on. */
export function markScanned(): void {
  for (let index = 0; index < scanCount; index++) scannedAt(index).isScanned = true;
}

/** Copies the tables that the scan is the first to use; false when one is missing. */
export function prepareScan(quantOf: (component: Component) => bool): bool {
  for (let index = 0; index < scanCount; index++) {
    const component = scannedAt(index);
    if (!component.isQuantised && !quantOf(component)) return false;
    const usesDc = first === 0 && !(isProgressive && shiftBefore > 0);
    const usesAc = isProgressive ? first > 0 : true;
    if (usesDc && !prepareTable(component.dcTable, !isProgressive)) return false;
    if (usesAc && !prepareTable(FIRST_AC_TABLE + component.acTable, !isProgressive)) return false;
  }
  return true;
}

/**
 * Decodes the scan whose data begins at `data`, down to the last row that is needed.
 *
 * @returns where in the file it stopped
 */
export function decodeScan(data: usize, end: usize): usize {
  const isInterleaved = scanCount > 1;
  const across = isInterleaved ? mcusAcross : scannedAt(0).blocksAcross;
  const down = isInterleaved ? mcusDown : scannedAt(0).blocksDown;
  const neededDown = min(down, neededRows(isInterleaved));
  let untilRestart = restartInterval;
  let restarts = 0;
  startSegment(data, end);
  resetPredictions();
  for (let row = 0; row < neededDown; row++) {
    for (let column = 0; column < across; column++) {
      if (restartInterval > 0 && untilRestart-- === 0) {
        restartSegment(restarts++);
        resetPredictions();
        untilRestart = restartInterval - 1;
      }
      ensureMcu();
      if (isInterleaved) decodeMcu(column, row);
      else decodeBlock(scannedAt(0), column, row);
      if (isExhausted()) fail(TRUNCATED);
      if (hasFailed()) return data;
    }
  }
  return neededDown < down ? leaveSegment() : finishSegment();
}

/** Rows of MCUs (of blocks when there is one component) down to the last that any component needs. */
function neededRows(isInterleaved: bool): i32 {
  let rows = 0;
  for (let index = 0; index < scanCount; index++) {
    const component = scannedAt(index);
    const blocks = component.endRow;
    rows = max(rows, isInterleaved ? divideUp(blocks, component.vertical) : blocks);
  }
  return rows;
}

function resetPredictions(): void {
  for (let index = 0; index < scanCount; index++) scannedAt(index).prediction = 0;
  clearEndOfBandRun();
}

/** T.81 §A.2.3: all blocks of one component, then all of the next. */
function decodeMcu(column: i32, row: i32): void {
  for (let index = 0; index < scanCount; index++) {
    const component = scannedAt(index);
    for (let y = 0; y < component.vertical; y++) {
      for (let x = 0; x < component.horizontal; x++) {
        decodeBlock(component, column * component.horizontal + x, row * component.vertical + y);
      }
    }
  }
}

function decodeBlock(component: Component, column: i32, row: i32): void {
  if (!isProgressive) decodeSequentialBlock(component, column, row);
  else if (first === 0 && shiftBefore === 0) decodeDcFirst(component, column, row, shift);
  else if (first === 0) decodeDcRefinement(component, column, row, shift);
  else if (shiftBefore === 0) decodeAcFirst(component, column, row, first, last, shift);
  else decodeAcRefinement(component, column, row, first, last, shift);
}
