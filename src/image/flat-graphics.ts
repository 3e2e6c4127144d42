import type { Pixels } from "./pixels.ts";

/**
 * Share of pixels that equal the one to their left from which a picture may be a drawing: photos have some 5–20 %, also
 * in the sky, and more only where they are cut out on white.
 */
const FLAT_SHARE = 0.55;

/** Whether a picture looks like a diagram, a screenshot or a logo: most pixels are exactly as the one beside them. */
export function looksFlat({ width, height, data }: Pixels): boolean {
  if (width < 2) return false;
  const words = new Uint32Array(data.buffer, data.byteOffset, width * height);
  let equal = 0;
  for (let y = 0; y < height; y++) {
    for (let at = y * width + 1; at < (y + 1) * width; at++) if (words[at] === words[at - 1]) equal++;
  }
  return equal >= FLAT_SHARE * (width - 1) * height;
}
