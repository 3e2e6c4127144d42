import { jpegSegments } from "../metadata/read-jpeg.ts";

/** The quantisation table for brightness that ITU-T T.81 suggests (table K.1), in zigzag order, as files have it. */
const SUGGESTED = [
  16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40, 26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58,
  51, 61, 60, 57, 51, 56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87, 95, 98, 103, 104, 103,
  62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99,
];
const DQT = 0xdb;

/**
 * The quality that a JPEG was written with, 1–100 on libjpeg's scale, from its first quantisation table; undefined when
 * it has none in these bytes. Encoders with tables of their own (mozjpeg, cameras) get the number that is as coarse.
 *
 * @param head the file from its first byte
 */
export function estimateJpegQuality(head: Uint8Array): number | undefined {
  const table = findTable(head);
  if (!table) return undefined;
  const ratio =
    table.reduce((sum, step, index) => sum + step / (SUGGESTED[index] ?? 1), 0) / SUGGESTED.length;
  // libjpeg's `jpeg_quality_scaling`, the other way round.
  const quality = ratio <= 1 ? 100 - 50 * ratio : 50 / ratio;
  return Math.min(100, Math.max(1, Math.round(quality)));
}

/** The table with the number 0 (T.81 §B.2.4.1). */
function findTable(head: Uint8Array): number[] | undefined {
  for (const { marker, payload } of jpegSegments(head)) {
    const table = marker === DQT ? tableIn(payload) : undefined;
    if (table) return table;
  }
  return undefined;
}

function tableIn(segment: Uint8Array): number[] | undefined {
  for (let at = 0; at < segment.length; ) {
    const bytes = (segment[at] ?? 0) >> 4 ? 2 : 1;
    const isFirst = ((segment[at] ?? 0) & 15) === 0;
    const steps = segment.subarray(at + 1, at + 1 + 64 * bytes);
    if (isFirst && steps.length === 64 * bytes)
      return SUGGESTED.map((_, index) =>
        bytes === 1 ? (steps[index] ?? 0) : ((steps[2 * index] ?? 0) << 8) | (steps[2 * index + 1] ?? 0),
      );
    at += 1 + 64 * bytes;
  }
  return undefined;
}
