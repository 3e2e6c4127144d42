import type { Scan } from "./jpeg-writer.ts";

/** A Huffman symbol, if `table` says of which table, and the bits behind it. */
export interface Token {
  table: "dc" | "ac" | undefined;
  symbol: number;
  bits: string;
}

/** Collects the tokens of a scan, cut where it restarts. */
export interface TokenSink {
  push(table: Token["table"], symbol: number, bits: string): void;
  /** DC of the block before, for each component. */
  predictions: number[];
  /** Counts one more block without (further) coefficients, whose correction bits wait with it. */
  endBand(corrections: string): void;
  /** Writes down the blocks counted by {@link endBand}. */
  flushBands(): void;
  restart(): void;
  finish(): Token[][];
}

export function tokenSink(): TokenSink {
  const segments: Token[][] = [[]];
  let run = 0;
  let waiting = "";
  const sink: TokenSink = {
    predictions: [],
    push(table, symbol, bits) {
      segments.at(-1)?.push({ table, symbol, bits });
    },
    endBand(corrections) {
      run += 1;
      waiting += corrections;
      if (run === 0x7fff) sink.flushBands();
    },
    flushBands() {
      if (run === 0) return;
      const size = Math.floor(Math.log2(run));
      sink.push("ac", size * 16, run.toString(2).slice(1) + waiting);
      run = 0;
      waiting = "";
    },
    restart() {
      sink.flushBands();
      sink.predictions = [];
      segments.push([]);
    },
    finish() {
      sink.flushBands();
      return segments;
    },
  };
  return sink;
}

/** T.81 §F.1.2.1, §G.1.2.1: a difference, or one bit of what a scan before has begun. */
export function dcTokens(sink: TokenSink, component: number, block: Int16Array, { before, now }: Scan): void {
  const value = (block[0] ?? 0) >> now;
  if (before > 0) {
    sink.push(undefined, 0, String(value & 1));
    return;
  }
  const difference = value - (sink.predictions[component] ?? 0);
  sink.predictions[component] = value;
  sink.push("dc", sizeOf(difference), valueBits(difference));
}

/** T.81 §F.1.2.2, §G.1.2.2. Only progressive files may count blocks that end together. */
export function acFirstTokens(sink: TokenSink, block: Int16Array, scan: Scan, isProgressive: boolean): void {
  let run = 0;
  for (let index = scan.first; index <= scan.last; index++) {
    const value = shifted(block[index] ?? 0, scan.now);
    if (value === 0) {
      run += 1;
      continue;
    }
    sink.flushBands();
    for (; run > 15; run -= 16) sink.push("ac", 0xf0, "");
    sink.push("ac", run * 16 + sizeOf(value), valueBits(value));
    run = 0;
  }
  if (run === 0) return;
  if (isProgressive) sink.endBand("");
  else sink.push("ac", 0, "");
}

/** T.81 §G.1.2.3: correction bits for what is known, and what becomes ±1 now. */
export function acRefinementTokens(sink: TokenSink, block: Int16Array, { first, last, now }: Scan): void {
  const magnitudes = Array.from(block, (value) => Math.abs(value) >> now);
  const end = magnitudes.findLastIndex((value, index) => value === 1 && index >= first && index <= last);
  let run = 0;
  let corrections = "";
  for (let index = first; index <= last; index++) {
    const magnitude = magnitudes[index] ?? 0;
    if (magnitude === 0) {
      run += 1;
      continue;
    }
    for (; run > 15 && index <= end; run -= 16) {
      sink.flushBands();
      sink.push("ac", 0xf0, corrections);
      corrections = "";
    }
    if (magnitude > 1) {
      corrections += String(magnitude & 1);
      continue;
    }
    sink.flushBands();
    sink.push("ac", run * 16 + 1, ((block[index] ?? 0) < 0 ? "0" : "1") + corrections);
    corrections = "";
    run = 0;
  }
  if (run > 0 || corrections !== "") sink.endBand(corrections);
}

/** Towards zero, as coefficients are (T.81 §G.1.2.1 says why DC differs). */
function shifted(value: number, bits: number): number {
  return value < 0 ? -(-value >> bits) : value >> bits;
}

function sizeOf(value: number): number {
  return value === 0 ? 0 : Math.floor(Math.log2(Math.abs(value))) + 1;
}

/** T.81 §F.1.2.1.1: negative values as the ones' complement of their magnitude. */
function valueBits(value: number): string {
  const size = sizeOf(value);
  return size === 0 ? "" : (value < 0 ? value + 2 ** size - 1 : value).toString(2).padStart(size, "0");
}
