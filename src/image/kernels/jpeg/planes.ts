import { allocate, allocateZeroed } from "../arena";
import {
  BLOCK_SIDE,
  COEFFICIENTS,
  Component,
  componentAt,
  componentCount,
  divideUp,
  isProgressive,
  mostHorizontal,
  mostVertical,
  sampledHeight,
  sampledWidth,
} from "./frame";
import { fillSlots } from "./progressive";
import { columnOf, rowOf } from "./zigzag";

/** Samples past the end of a plane that the resizer may read. */
export const PLANE_SLACK_BYTES: u64 = 64;

/** The part of the picture that is needed and how finely, as the caller asked for it. */
let scaleX: f64 = 1;
let scaleY: f64 = 1;
let colorScaleX: f64 = 1;
let colorScaleY: f64 = 1;
let windowLeft: i32 = 0;
let windowTop: i32 = 0;
let windowRight: i32 = 0;
let windowBottom: i32 = 0;

/**
 * @param x, y samples wanted for one px of the picture, at least: 0.1 for a picture a tenth as wide
 * @param colorX, colorY the same of all components but the first
 * @param left, top, right, bottom the window wanted, px of the picture; what is outside of the picture is ignored
 */
export function setDemand(
  x: f64,
  y: f64,
  colorX: f64,
  colorY: f64,
  left: i32,
  top: i32,
  right: i32,
  bottom: i32,
): void {
  scaleX = x;
  scaleY = y;
  colorScaleX = colorX;
  colorScaleY = colorY;
  windowLeft = left;
  windowTop = top;
  windowRight = right;
  windowBottom = bottom;
}

/** Decides for every component how many samples a block becomes and which blocks are needed. */
export function planComponents(): void {
  for (let index = 0; index < componentCount; index++) {
    const component = componentAt(index);
    const x = index === 0 ? scaleX : colorScaleX;
    const y = index === 0 ? scaleY : colorScaleY;
    component.columns = samplesOfSide(x * mostHorizontal, component.horizontal);
    component.rows = samplesOfSide(y * mostVertical, component.vertical);
    component.lastKept = lastKept(component.columns, component.rows);
    chooseBlocks(component);
    fillSlots(component);
  }
}

/**
 * The fewest samples that a side of 8 may become. A component with half the samples of another keeps twice as many of
 * them where as fine a plane is wanted of both.
 */
function samplesOfSide(wanted: f64, factor: i32): i32 {
  let samples = 1;
  while (samples < BLOCK_SIDE && ((samples * factor) as f64) < wanted * BLOCK_SIDE) samples *= 2;
  return samples;
}

function lastKept(columns: i32, rows: i32): i32 {
  let index = COEFFICIENTS - 1;
  while (columnOf(index) >= columns || rowOf(index) >= rows) index--;
  return index;
}

function chooseBlocks(component: Component): void {
  const blockWidth = ((BLOCK_SIDE * mostHorizontal) as f64) / component.horizontal;
  const blockHeight = ((BLOCK_SIDE * mostVertical) as f64) / component.vertical;
  component.fromColumn = firstBlock(windowLeft, blockWidth, component.blocksAcross);
  component.fromRow = firstBlock(windowTop, blockHeight, component.blocksDown);
  component.endColumn = endBlock(windowRight, blockWidth, component.fromColumn, component.blocksAcross);
  component.endRow = endBlock(windowBottom, blockHeight, component.fromRow, component.blocksDown);
}

function firstBlock(px: i32, blockPx: f64, blocks: i32): i32 {
  return min(max(Math.floor(px / blockPx) as i32, 0), blocks - 1);
}

function endBlock(px: i32, blockPx: f64, from: i32, blocks: i32): i32 {
  return min(max(Math.ceil(px / blockPx) as i32, from + 1), blocks);
}

/** Makes room for what scans bring; false when memory is out. */
export function allocateComponents(): bool {
  for (let index = 0; index < componentCount && isProgressive; index++) {
    if (!allocateCoefficients(componentAt(index))) return false;
  }
  for (let index = 0; index < componentCount; index++) {
    const component = componentAt(index);
    component.stride = (component.endColumn - component.fromColumn) * component.columns;
    component.plane = allocate(planeBytes(component) + PLANE_SLACK_BYTES);
    if (component.plane === 0) return false;
  }
  return true;
}

function allocateCoefficients(component: Component): bool {
  const needed =
    ((component.endColumn - component.fromColumn) as u64) * ((component.endRow - component.fromRow) as u64);
  component.coefficients = allocateZeroed(needed * ((component.columns * component.rows) as u64) * 2);
  if (component.coefficients === 0) return false;
  if (component.lastKept === 0) return true;
  component.nonZero = allocateZeroed((component.blocksAcross as u64) * (component.endRow as u64) * 8);
  return component.nonZero !== 0;
}

export function planeBytes(component: Component): u64 {
  return (
    (component.stride as u64) * ((component.endRow - component.fromRow) as u64) * (component.rows as u64)
  );
}

/** Samples of a plane for one px of the picture, across. */
export function planeScaleX(component: Component): f64 {
  return ((component.horizontal * component.columns) as f64) / (mostHorizontal * BLOCK_SIDE);
}

export function planeScaleY(component: Component): f64 {
  return ((component.vertical * component.rows) as f64) / (mostVertical * BLOCK_SIDE);
}

/** Samples in a row of a plane that show the picture; the last block may reach past its edge. */
export function planeWidth(component: Component): i32 {
  const whole = divideUp(sampledWidth(component) * component.columns, BLOCK_SIDE);
  return min(component.endColumn * component.columns, whole) - component.fromColumn * component.columns;
}

export function planeHeight(component: Component): i32 {
  const whole = divideUp(sampledHeight(component) * component.rows, BLOCK_SIDE);
  return min(component.endRow * component.rows, whole) - component.fromRow * component.rows;
}
