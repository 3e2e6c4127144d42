/** What the frame header (T.81 §B.2.2) says, and what is kept of each colour component while it is decoded. */

export const MAX_COMPONENTS: i32 = 3;
export const BLOCK_SIDE: i32 = 8;
export const COEFFICIENTS: i32 = 64;

/** One colour component: Y, Cb, Cr, or whatever else its file means by it. */
@unmanaged
export class Component {
  id: i32;
  /** Sampling factors, 1–4: blocks of this component in one MCU, across and down. */
  horizontal: i32;
  vertical: i32;
  quantSelector: i32;
  dcTable: i32;
  acTable: i32;
  /** DC of the block before, which the next one is told as a difference from. */
  prediction: i32;
  /** Blocks that hold pixels; interleaved scans round both up to whole MCUs and send more. */
  blocksAcross: i32;
  blocksDown: i32;
  /** A DC scan (or the only scan) of it has been read. */
  isScanned: bool;
  /** Its quantisation steps are copied: u16 in zigzag order, as they were when its first scan began. */
  isQuantised: bool;
  quant: usize;
  /** i8 for each coefficient: the lowest bit that scans have told of it, −1 before the first. */
  precision: usize;

  /** Samples that are made of one block, across and down: 1, 2, 4 or 8. */
  columns: i32;
  rows: i32;
  /** Zigzag index of the last coefficient that those samples are made of. */
  lastKept: i32;
  /** u8 for each zigzag index: where a progressive block stores it, or NOT_KEPT. */
  slots: usize;

  /** Blocks that are needed: columns and rows of them, the end not included. */
  fromColumn: i32;
  endColumn: i32;
  fromRow: i32;
  endRow: i32;
  plane: usize;
  /** Bytes from one row of the plane to the next. */
  stride: i32;

  /** Progressive only: i16 coefficients that are kept, and a u64 of the zigzag indices known not to be zero. */
  coefficients: usize;
  nonZero: usize;

  needsBlock(column: i32, row: i32): bool {
    return column >= this.fromColumn && column < this.endColumn && row >= this.fromRow && row < this.endRow;
  }

  /** Where the samples of a needed block go. */
  samplesOf(column: i32, row: i32): usize {
    const x = (column - this.fromColumn) * this.columns;
    const y = (row - this.fromRow) * this.rows;
    return this.plane + <usize>(y * this.stride + x);
  }
}

const components: usize = memory.data(offsetof<Component>() * 3, 8);
const quantCopies: usize = memory.data(64 * 2 * 3, 8);
const precisions: usize = memory.data(64 * 3, 8);
const slotTables: usize = memory.data(64 * 3, 8);

export let frameWidth: i32 = 0;
export let frameHeight: i32 = 0;
/** 0 until the frame header has been read. */
export let componentCount: i32 = 0;
export let isProgressive: bool = false;
/** Largest sampling factors: the component that has them is at full resolution. */
export let mostHorizontal: i32 = 1;
export let mostVertical: i32 = 1;
/** MCUs of an interleaved scan. */
export let mcusAcross: i32 = 0;
export let mcusDown: i32 = 0;

export function componentAt(index: i32): Component {
  return changetype<Component>(components + <usize>index * offsetof<Component>());
}

export function clearFrame(): void {
  componentCount = 0;
  memory.fill(components, 0, offsetof<Component>() * 3);
}

/**
 * Takes a frame header whose length has been checked for its fixed part.
 *
 * @returns false when it describes nothing that can be decoded
 */
export function readFrame(payload: usize, length: i32, progressive: bool): bool {
  const count = load<u8>(payload, 5) as i32;
  frameHeight = ((load<u8>(payload, 1) as i32) << 8) | load<u8>(payload, 2);
  frameWidth = ((load<u8>(payload, 3) as i32) << 8) | load<u8>(payload, 4);
  if (frameWidth === 0 || frameHeight === 0 || length !== 6 + count * 3) return false;
  if (count > MAX_COMPONENTS) return false;
  isProgressive = progressive;
  mostHorizontal = mostVertical = 1;
  for (let index = 0; index < count; index++) {
    const component = componentAt(index);
    const description = payload + 6 + <usize>index * 3;
    component.id = load<u8>(description);
    component.horizontal = load<u8>(description, 1) >> 4;
    component.vertical = load<u8>(description, 1) & 15;
    component.quantSelector = load<u8>(description, 2);
    if (!isFactor(component.horizontal) || !isFactor(component.vertical)) return false;
    if (component.quantSelector > 3) return false;
    mostHorizontal = max(mostHorizontal, component.horizontal);
    mostVertical = max(mostVertical, component.vertical);
    component.quant = quantCopies + <usize>index * 128;
    component.precision = precisions + <usize>index * 64;
    component.slots = slotTables + <usize>index * 64;
    memory.fill(component.precision, 255, 64);
    componentCount = index + 1;
  }
  countBlocks();
  return true;
}

function isFactor(factor: i32): bool {
  return factor >= 1 && factor <= 4;
}

/** T.81 §A.1.1 and §A.2.3: sizes in samples and blocks of each component, rounded up at every step. */
function countBlocks(): void {
  mcusAcross = divideUp(frameWidth, BLOCK_SIDE * mostHorizontal);
  mcusDown = divideUp(frameHeight, BLOCK_SIDE * mostVertical);
  for (let index = 0; index < componentCount; index++) {
    const component = componentAt(index);
    component.blocksAcross = divideUp(sampledWidth(component), BLOCK_SIDE);
    component.blocksDown = divideUp(sampledHeight(component), BLOCK_SIDE);
  }
}

/** Samples of a component across the picture, before any scaling. */
export function sampledWidth(component: Component): i32 {
  return divideUp(frameWidth * component.horizontal, mostHorizontal);
}

export function sampledHeight(component: Component): i32 {
  return divideUp(frameHeight * component.vertical, mostVertical);
}

export function divideUp(value: i32, by: i32): i32 {
  return (value + by - 1) / by;
}
