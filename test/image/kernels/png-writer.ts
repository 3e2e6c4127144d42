import { constants, deflateSync } from "node:zlib";
import { passesOf } from "../../../src/image/codecs/adam7.ts";
import { ascii, chunk, concat, uint32 } from "../../fixtures/images.ts";

/** A PNG to write, by its samples as they are stored. */
export interface PngPicture {
  width: number;
  height: number;
  /** PNG third edition, table 8. */
  colorType: 0 | 2 | 3 | 4 | 6;
  bitDepth: 1 | 2 | 4 | 8 | 16;
  isInterlaced?: boolean;
  palette?: readonly number[];
  transparency?: readonly number[];
  /** A sample of the pixel at x, y; `index` counts from 0 within the pixel. */
  sample: (x: number, y: number, index: number) => number;
  /** How it is compressed, as zlib counts; 0 stores. */
  level?: number;
  /** Huffman codes of deflate's own in place of the picture's. */
  isFixed?: boolean;
  /** Chunks that the compressed data is cut into. */
  parts?: number;
  /** Has its say on the compressed data before that is written. */
  spoil?: (zlib: Uint8Array) => Uint8Array;
}

export const SAMPLES = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 } as const;

/** A whole PNG whose rows take turns with the five filters. */
export function writePng(picture: PngPicture): Uint8Array<ArrayBuffer> {
  const { width, height, bitDepth, colorType, isInterlaced = false, palette, transparency } = picture;
  const ihdr = [...uint32(width), ...uint32(height), bitDepth, colorType, 0, 0, isInterlaced ? 1 : 0];
  const { level = 9, isFixed, spoil = (zlib) => zlib, parts = 1 } = picture;
  const strategy = isFixed ? constants.Z_FIXED : constants.Z_DEFAULT_STRATEGY;
  const zlib = spoil(deflateSync(filteredRows(picture), { level, strategy }));
  const partBytes = Math.ceil(zlib.length / parts);
  return concat(
    ascii("\x89PNG\r\n\x1a\n"),
    chunk("IHDR", ihdr),
    ...(palette ? [chunk("PLTE", palette)] : []),
    ...(transparency ? [chunk("tRNS", transparency)] : []),
    ...Array.from({ length: parts }, (_, i) =>
      chunk("IDAT", zlib.subarray(i * partBytes, (i + 1) * partBytes)),
    ),
    chunk("IEND", []),
  );
}

function filteredRows(picture: PngPicture): Uint8Array {
  const rows: Uint8Array[] = [];
  const pixelBytes = Math.max(1, (SAMPLES[picture.colorType] * picture.bitDepth) >> 3);
  for (const pass of passesOf(picture, picture.isInterlaced ?? false)) {
    let above: Uint8Array | undefined;
    for (let row = 0; row < pass.height; row++) {
      const y = pass.top + row * pass.stepY;
      const bytes = packedRow(picture, pass.width, (x) => pass.left + x * pass.stepX, y);
      rows.push(filtered(bytes, above ?? new Uint8Array(bytes.length), pixelBytes, rows.length % 5));
      above = bytes;
    }
  }
  return concat(...rows);
}

function packedRow(picture: PngPicture, width: number, column: (x: number) => number, y: number): Uint8Array {
  const { bitDepth, colorType, sample } = picture;
  const samples = SAMPLES[colorType];
  const row = new Uint8Array(Math.ceil((width * samples * bitDepth) / 8));
  for (let at = 0; at < width * samples; at++) {
    const value = sample(column(Math.floor(at / samples)), y, at % samples);
    if (bitDepth === 16) row.set([value >> 8, value & 255], at * 2);
    else
      row[(at * bitDepth) >> 3] =
        (row[(at * bitDepth) >> 3] ?? 0) | (value << (8 - bitDepth - ((at * bitDepth) & 7)));
  }
  return row;
}

function filtered(row: Uint8Array, above: Uint8Array, pixelBytes: number, filter: number): Uint8Array {
  const result = new Uint8Array(row.length + 1);
  result[0] = filter;
  for (const [at, value] of row.entries()) {
    const a = row[at - pixelBytes] ?? 0;
    const b = above[at] ?? 0;
    const c = above[at - pixelBytes] ?? 0;
    result[at + 1] = value - ([0, a, b, (a + b) >> 1, paeth(a, b, c)][filter] ?? 0);
  }
  return result;
}

function paeth(a: number, b: number, c: number): number {
  const [pa, pb, pc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
  if (pa <= pb && pa <= pc) return a;
  return pb <= pc ? b : c;
}
