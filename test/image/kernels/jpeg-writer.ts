import { concat, segment } from "../../fixtures/images.ts";
import { optimalTable } from "./huffman-writer.ts";
import { acFirstTokens, acRefinementTokens, dcTokens, type Token, tokenSink } from "./scan-tokens.ts";

/** A scan as its header tells it (T.81 §B.2.3): component indices, band, bit before and bit now. */
export interface Scan {
  components: number[];
  first: number;
  last: number;
  before: number;
  now: number;
}

export interface JpegOptions {
  width: number;
  height: number;
  /** Sampling factors [across, down] of each component; one for gray, three for YCbCr. */
  sampling: [number, number][];
  /** The value of a component at a px of the picture, 0–255. */
  sample: (component: number, x: number, y: number) => number;
  /** Scans of a progressive file; without them the file is baseline. */
  script?: Scan[];
  /** Baseline: one scan for each component instead of one for all. */
  isSeparate?: boolean;
  /** MCUs between restart markers. */
  restartInterval?: number;
  /** Quantisation step of coefficient n is this plus n ÷ 8. */
  step?: number;
}

/** The coefficients of one component, block by block in zigzag order, padded to whole MCUs. */
interface Plane {
  across: number;
  down: number;
  /** Blocks that hold pixels: what a scan of this component alone tells. */
  realAcross: number;
  realDown: number;
  blocks: Int16Array[];
}

/** Row × 8 + column for each zigzag index, found by walking the diagonals (T.81 figure A.6). */
const ZIGZAG = Array.from({ length: 64 }, (_, natural) => ({ row: natural >> 3, column: natural & 7 }))
  .sort((a, b) => {
    const diagonal = a.row + a.column - (b.row + b.column);
    return diagonal !== 0 ? diagonal : (a.row + a.column) % 2 === 0 ? b.row - a.row : a.row - b.row;
  })
  .map(({ row, column }) => row * 8 + column);

/**
 * Writes any JPEG that a test needs, so that no test depends on what some encoder happens to offer: every sampling,
 * restart interval and scan script, Huffman tables made to measure for each scan. Slow and simple.
 */
export function writeJpeg(options: JpegOptions): Uint8Array<ArrayBuffer> {
  const { width, height, sampling, step = 3 } = options;
  const steps = Array.from({ length: 64 }, (_, index) => step + (index >> 3));
  const planes = sampling.map((_, component) => planeOf(options, component, steps));
  const frame = sampling.flatMap(([h, v], component) => [component + 1, h * 16 + v, 0]);
  const sof = [8, height >> 8, height & 255, width >> 8, width & 255, sampling.length, ...frame];
  const interval = options.restartInterval ?? 0;
  const scans = options.script ?? baselineScans(sampling.length, options.isSeparate ?? false);
  return concat(
    [0xff, 0xd8],
    segment(0xdb, [0, ...steps]),
    segment(options.script ? 0xc2 : 0xc0, sof),
    ...(interval > 0 ? [segment(0xdd, [interval >> 8, interval & 255])] : []),
    ...scans.map((scan) => writeScan(scan, planes, options)),
    [0xff, 0xd9],
  );
}

function baselineScans(components: number, isSeparate: boolean): Scan[] {
  const all = Array.from({ length: components }, (_, component) => component);
  const whole = { first: 0, last: 63, before: 0, now: 0 };
  return isSeparate
    ? all.map((component) => ({ components: [component], ...whole }))
    : [{ components: all, ...whole }];
}

function writeScan(scan: Scan, planes: Plane[], options: JpegOptions): Uint8Array {
  const sink = tokenSink();
  const mcus = mcusOf(scan, planes, options.sampling);
  for (const [index, mcu] of mcus.entries()) {
    if (options.restartInterval && index > 0 && index % options.restartInterval === 0) sink.restart();
    for (const { component, block } of mcu) {
      if (!options.script) {
        dcTokens(sink, component, block, scan);
        acFirstTokens(sink, block, { ...scan, first: 1, last: 63 }, false);
      } else if (scan.first === 0) dcTokens(sink, component, block, scan);
      else if (scan.before === 0) acFirstTokens(sink, block, scan, true);
      else acRefinementTokens(sink, block, scan);
    }
  }
  const segments = sink.finish();
  const dc = optimalTable(segments.flat().filter(({ table }) => table === "dc"));
  const ac = optimalTable(segments.flat().filter(({ table }) => table === "ac"));
  const selectors = scan.components.flatMap((component) => [component + 1, 0]);
  const header = [scan.components.length, ...selectors, scan.first, scan.last, scan.before * 16 + scan.now];
  const data = segments.map((tokens, index) => {
    const bits = packTokens(tokens, { dc: dc.codes, ac: ac.codes });
    return index === 0 ? bits : concat([0xff, 0xd0 + ((index - 1) & 7)], bits);
  });
  return concat(
    segment(0xc4, [0x00, ...dc.definition]),
    segment(0xc4, [0x10, ...ac.definition]),
    segment(0xda, header),
    ...data,
  );
}

/** The blocks of each MCU: of all components in turn, or one by one when there is one component (T.81 §A.2). */
function mcusOf(scan: Scan, planes: Plane[], sampling: [number, number][]) {
  const mcus: { component: number; block: Int16Array }[][] = [];
  const at = (component: number, x: number, y: number) => {
    const plane = planes[component] as Plane;
    return { component, block: plane.blocks[y * plane.across + x] as Int16Array };
  };
  const [only = 0] = scan.components;
  if (scan.components.length === 1) {
    const { realAcross, realDown } = planes[only] as Plane;
    for (let y = 0; y < realDown; y++) for (let x = 0; x < realAcross; x++) mcus.push([at(only, x, y)]);
    return mcus;
  }
  const [h = 1, v = 1] = sampling[only] ?? [];
  const { across, down } = planes[only] as Plane;
  for (let y = 0; y < down / v; y++) {
    for (let x = 0; x < across / h; x++) {
      const mcu = scan.components.flatMap((component) => {
        const [columns = 1, rows = 1] = sampling[component] ?? [];
        return Array.from({ length: columns * rows }, (_, index) =>
          at(component, x * columns + (index % columns), y * rows + Math.floor(index / columns)),
        );
      });
      mcus.push(mcu);
    }
  }
  return mcus;
}

function planeOf(options: JpegOptions, component: number, steps: number[]): Plane {
  const { width, height, sampling } = options;
  const most = [Math.max(...sampling.map(([h]) => h)), Math.max(...sampling.map(([, v]) => v))];
  const [h = 1, v = 1] = sampling[component] ?? [];
  const [mostH = 1, mostV = 1] = most;
  const columns = Math.ceil((width * h) / mostH);
  const rows = Math.ceil((height * v) / mostV);
  const across = Math.ceil(width / (8 * mostH)) * h;
  const down = Math.ceil(height / (8 * mostV)) * v;
  const value = (x: number, y: number) => {
    const clampedX = (Math.min(x, columns - 1) + 0.5) * (mostH / h) - 0.5;
    const clampedY = (Math.min(y, rows - 1) + 0.5) * (mostV / v) - 0.5;
    return options.sample(component, Math.min(clampedX, width - 1), Math.min(clampedY, height - 1)) - 128;
  };
  const blocks = Array.from({ length: across * down }, (_, index) =>
    blockOf((x, y) => value((index % across) * 8 + x, Math.floor(index / across) * 8 + y), steps),
  );
  return { across, down, realAcross: Math.ceil(columns / 8), realDown: Math.ceil(rows / 8), blocks };
}

/** COSINES[k][x] of the orthonormal DCT (T.81 §A.3.3). */
const COSINES = Array.from({ length: 8 }, (_, k) =>
  Array.from(
    { length: 8 },
    (_, x) => (k === 0 ? Math.sqrt(1 / 8) : 0.5) * Math.cos(((2 * x + 1) * k * Math.PI) / 16),
  ),
);

function blockOf(value: (x: number, y: number) => number, steps: number[]): Int16Array {
  const samples = Array.from({ length: 64 }, (_, index) => value(index & 7, index >> 3));
  const rows = transform(samples, (row, k, x) => [row * 8 + k, row * 8 + x]);
  const both = transform(rows, (column, k, y) => [k * 8 + column, y * 8 + column]);
  return Int16Array.from(ZIGZAG, (natural, index) => Math.round((both[natural] ?? 0) / (steps[index] ?? 1)));
}

function transform(
  from: number[],
  places: (line: number, k: number, x: number) => [to: number, from: number],
): number[] {
  const result = new Array<number>(64).fill(0);
  for (let line = 0; line < 8; line++) {
    for (let k = 0; k < 8; k++) {
      for (let x = 0; x < 8; x++) {
        const [to, at] = places(line, k, x);
        result[to] = (result[to] ?? 0) + (from[at] ?? 0) * (COSINES[k]?.[x] ?? 0);
      }
    }
  }
  return result;
}

/** Codes and values one behind the other, 0xFF stuffed, the last byte filled with ones (T.81 §F.1.2.3). */
function packTokens(
  tokens: Token[],
  codes: Record<"dc" | "ac", Map<number, string>>,
): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  let pending = "";
  for (const { table, symbol, bits } of tokens) {
    pending += (table === undefined ? "" : codes[table].get(symbol)) + bits;
    while (pending.length >= 8) {
      const byte = Number.parseInt(pending.slice(0, 8), 2);
      bytes.push(byte);
      if (byte === 0xff) bytes.push(0);
      pending = pending.slice(8);
    }
  }
  if (pending.length > 0) {
    const byte = Number.parseInt(pending.padEnd(8, "1"), 2);
    bytes.push(byte);
    if (byte === 0xff) bytes.push(0);
  }
  return Uint8Array.from(bytes);
}
