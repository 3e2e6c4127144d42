import type { ImageOutput } from "./output.ts";

/** Below it mozjpeg halves colour both ways when it may choose. */
const HALVING_JPEG_QUALITY = 80;

/** Whether the file of an output is sure to store colour at half its width and height (4:2:0). */
export function hasHalfColor(output: ImageOutput): boolean {
  const { format, lossless, losslessIfFlat, chromaSubsampling, quality, qualityTarget } = output;
  switch (format) {
    case "webp":
      return !lossless && !losslessIfFlat;
    case "avif":
      return !lossless && chromaSubsampling !== "4:4:4";
    case "jpeg":
      if (chromaSubsampling !== undefined) return chromaSubsampling === "4:2:0";
      return qualityTarget === undefined && quality < HALVING_JPEG_QUALITY;
    default:
      return false;
  }
}
