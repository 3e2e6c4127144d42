import { ShortHead } from "../probe/head.ts";
import type { ImageProbe } from "../probe.ts";
import { dpiOf } from "./density.ts";
import { technicalExif } from "./exif-fields.ts";
import { iccNameOf } from "./icc-name.ts";
import { estimateJpegQuality } from "./jpeg-quality.ts";
import { readTiffDirectory } from "./tiff-directory.ts";

/** How much of a file is searched for what its header says beside the size, bytes: it stands at the start, if at all. */
export const HEADER_SEARCH_BYTES = 131_072;

/** What the header of an image says of how it was made; fields that say nothing are null. */
export interface HeaderFacts {
  dpi: number | null;
  /** 1–100, of JPEG only: no other format writes down what its quality can be told from. */
  estimatedQuality: number | null;
  compression: string;
  iccName: string | null;
  exif: Record<string, string | number>;
}

/** @param head the file from its first byte, {@link HEADER_SEARCH_BYTES} of it or all */
export async function headerFactsOf(head: Uint8Array, probe: ImageProbe): Promise<HeaderFacts> {
  return {
    dpi: dpiOf(head) ?? null,
    estimatedQuality: (probe.format === "jpeg" ? estimateJpegQuality(head) : undefined) ?? null,
    compression: compressionOf(probe, head),
    iccName: (probe.hasIccProfile ? await iccNameOf(head) : undefined) ?? null,
    exif: technicalExif(head),
  };
}

const COMPRESSIONS: Partial<Record<ImageProbe["format"], string>> = {
  png: "deflate",
  gif: "lzw",
  avif: "av1",
  heic: "hevc",
};

/** In words such as `progressive dct` and `lossless vp8l`. */
function compressionOf({ format, coding }: ImageProbe, head: Uint8Array): string {
  if (format === "jpeg") return coding === "lossless" ? "lossless jpeg" : `${coding} dct`;
  if (format === "webp") return coding === "lossless" ? "lossless vp8l" : "lossy vp8";
  if (format === "tiff") return tiffCompression(head);
  return COMPRESSIONS[format] ?? (coding === "plain" ? "none" : coding);
}

const COMPRESSION_TAG = 259;

/** TIFF 6.0 §8 and the numbers that Adobe registered since. */
const TIFF_COMPRESSIONS: Record<number, string> = {
  1: "none",
  2: "ccitt rle",
  3: "ccitt group 3",
  4: "ccitt group 4",
  5: "lzw",
  6: "dct",
  7: "dct",
  8: "deflate",
  32773: "packbits",
  32946: "deflate",
  34925: "lzma",
  50000: "zstd",
  50001: "webp",
};

function tiffCompression(head: Uint8Array): string {
  try {
    const { block, little, entries } = readTiffDirectory(head);
    const entry = entries.get(COMPRESSION_TAG);
    return entry === undefined ? "none" : (TIFF_COMPRESSIONS[block.u16(entry + 8, little)] ?? "unknown");
  } catch (thrown) {
    // The directory lies past what is read of the file.
    if (thrown instanceof ShortHead) return "unknown";
    throw thrown;
  }
}
