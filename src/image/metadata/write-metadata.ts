import type { ImageFormat } from "../output.ts";
import type { SourceMetadata } from "./source-metadata.ts";
import { writeAvifMetadata } from "./write-avif.ts";
import { writeJpegMetadata } from "./write-jpeg.ts";
import { writePngMetadata } from "./write-png.ts";
import { writeWebpMetadata } from "./write-webp.ts";

type Writer = (file: Uint8Array<ArrayBuffer>, metadata: SourceMetadata) => Uint8Array<ArrayBuffer>;

const WRITERS = {
  jpeg: writeJpegMetadata,
  png: writePngMetadata,
  webp: writeWebpMetadata,
  avif: writeAvifMetadata,
  // Its only place is for XMP, which nothing reads.
  gif: (file) => file,
} satisfies Record<ImageFormat, Writer>;

/**
 * A file with metadata in it, where its format has the place; the same file when there is none. IPTC records have one in
 * JPEG only, and a block of EXIF, XMP or IPTC that is too long for a segment of a JPEG is left out of it.
 *
 * @param file as the encoder wrote it, without metadata
 */
export function writeMetadata(
  file: Uint8Array<ArrayBuffer>,
  format: ImageFormat,
  metadata: SourceMetadata,
): Uint8Array<ArrayBuffer> {
  return Object.keys(metadata).length === 0 ? file : WRITERS[format](file, metadata);
}
