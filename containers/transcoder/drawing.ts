import { open } from "node:fs/promises";
import { MediaError } from "../../src/errors.ts";
import { detectImageFormat } from "../../src/image/probe/detect.ts";
import type { ProcessBounds } from "./run-process.ts";

/**
 * A few bytes of SVG can ask for minutes of work and any amount of memory (filters, patterns within patterns), and
 * nothing short of drawing it tells. So it gets a share that every honest drawing stays far below.
 */
const MAX_MS = 15_000;
const MAX_MEMORY_BYTES = 1_500_000_000;
const HEAD_BYTES = 1024;

/**
 * What making images from these files may take: bounds when one of them is a drawing, or nothing else that is known.
 * Trying again would take as long, so it is the drawing's failure, not the work's.
 */
export async function drawingBounds(files: readonly string[]): Promise<ProcessBounds | undefined> {
  const formats = await Promise.all(files.map(formatOf));
  if (!formats.some((format) => format === "svg" || format === undefined)) return undefined;
  return { maxMs: MAX_MS, maxMemoryBytes: MAX_MEMORY_BYTES, beyond: tooComplex };
}

function tooComplex(bound: "time" | "memory"): MediaError {
  const limit = bound === "time" ? `${MAX_MS / 1000} s` : `${MAX_MEMORY_BYTES / 1e9} GB`;
  return new MediaError("drawing_too_complex", `The drawing takes more than ${limit} to draw.`);
}

async function formatOf(file: string) {
  const source = await open(file);
  try {
    const { buffer, bytesRead } = await source.read(new Uint8Array(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return detectImageFormat(buffer.subarray(0, bytesRead));
  } finally {
    await source.close();
  }
}
