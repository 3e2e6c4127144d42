import { MediaError } from "../errors.ts";
import type { ImageFormat } from "./output.ts";
import { detectImageFormat } from "./probe/detect.ts";
import { needsMoreBytes, probeImage } from "./probe.ts";

/**
 * Checks that a finished file is what was asked for, by its own header: the last gate before it is promised to anyone.
 *
 * @param bytes the file, or enough of its start for `probeImage`
 * @throws MediaError `invalid_result`
 */
export function verifyImage(
  bytes: Uint8Array,
  expected: { width: number; height: number; format: ImageFormat },
): void {
  const wanted = `${expected.format} ${expected.width}×${expected.height}`;
  if (detectImageFormat(bytes) !== expected.format) {
    throw new MediaError("invalid_result", `The encoder did not answer with ${wanted}.`);
  }
  const probe = probeImage(bytes);
  if (needsMoreBytes(probe)) throw new MediaError("invalid_result", `The ${wanted} has no complete header.`);
  if (probe.width !== expected.width || probe.height !== expected.height) {
    throw new MediaError("invalid_result", `Wanted ${wanted}, got ${probe.width}×${probe.height}.`);
  }
}
