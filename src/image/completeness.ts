import { checkBmp } from "./completeness/bmp.ts";
import { checkGif } from "./completeness/gif.ts";
import { checkJpeg } from "./completeness/jpeg.ts";
import { checkPng } from "./completeness/png.ts";
import { checkWebp } from "./completeness/webp.ts";
import type { SourceFormat } from "./probe/detect.ts";

/** Watches a file stream by and says at its end whether the file is all there. */
export interface CompletenessCheck {
  /** The next bytes of the file, cut anywhere. */
  push(chunk: Uint8Array): void;
  /** After the last byte: a sentence naming what is missing, or undefined when nothing is. */
  problem(): string | undefined;
}

/**
 * A checker for one format; formats without a cheap sign of completeness, and files of no known format, always pass.
 * Memory is constant, and the answer does not depend on how the file was cut into chunks.
 */
export function createCompletenessCheck(format: string | undefined): CompletenessCheck {
  const create = CHECKS[format as SourceFormat];
  return create?.() ?? { push: () => undefined, problem: () => undefined };
}

const CHECKS: Partial<Record<SourceFormat, () => CompletenessCheck>> = {
  jpeg: checkJpeg,
  png: checkPng,
  webp: checkWebp,
  gif: checkGif,
  bmp: checkBmp,
};
