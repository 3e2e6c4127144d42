import type { SourceFormat } from "../probe/detect.ts";
import { MAX_BLOCK_BYTES } from "./bytes.ts";
import { readJpegMetadata } from "./read-jpeg.ts";
import { readPngMetadata } from "./read-png.ts";
import { readWebpMetadata } from "./read-webp.ts";

/** The metadata of a file, block by block, as its container holds them. */
export interface SourceMetadata {
  /** From its TIFF header on. */
  exif?: Uint8Array;
  /** The packet, UTF-8. */
  xmp?: Uint8Array;
  /** IPTC-NAA records (IIM 4.2). */
  iptc?: Uint8Array;
  icc?: Uint8Array;
}

/**
 * Reads the metadata of a file of a format that the edge decodes; of others nothing. Metadata never fails a picture:
 * what is damaged is not there.
 *
 * @param file all of it, or as much as holds the metadata
 */
export function readMetadata(file: Uint8Array, format: SourceFormat): SourceMetadata {
  const found = READERS[format]?.(file) ?? {};
  const kept = Object.entries(found).filter(
    ([, block]) => block.length > 0 && block.length <= MAX_BLOCK_BYTES,
  );
  return Object.fromEntries(kept);
}

const READERS: Partial<Record<SourceFormat, (file: Uint8Array) => SourceMetadata>> = {
  jpeg: readJpegMetadata,
  png: readPngMetadata,
  webp: readWebpMetadata,
};
