import type { Size } from "./geometry.ts";
import { keptMetadata } from "./metadata/kept-metadata.ts";
import type { SourceMetadata } from "./metadata/source-metadata.ts";
import { writeMetadata } from "./metadata/write-metadata.ts";
import type { ImageOutput } from "./output.ts";

/**
 * A finished file with what its output keeps of the source's metadata; the same file when that is nothing. Both lanes
 * end with this, so that no encoder decides what is kept.
 *
 * @param file as the encoder wrote it, without metadata
 * @param size of the picture in it, px
 * @param read called only when something is to be kept
 */
export async function carryMetadata(
  file: Uint8Array<ArrayBuffer>,
  output: ImageOutput,
  size: Size,
  read: () => SourceMetadata | Promise<SourceMetadata>,
): Promise<Uint8Array<ArrayBuffer>> {
  const { metadata: choice = "strip_all", format } = output;
  if (choice === "strip_all") return file;
  return writeMetadata(file, format, keptMetadata(await read(), choice, size, false));
}
