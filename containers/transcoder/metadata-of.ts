import type { Metadata } from "sharp";
import { withoutExifPrefix } from "../../src/image/metadata/read-jpeg.ts";
import type { SourceMetadata } from "../../src/image/metadata/source-metadata.ts";
import type { ImageProbe } from "../../src/image/probe.ts";

/** The blocks of metadata that libvips found. */
export function metadataOf({ exif, xmp, iptc, icc }: Metadata): SourceMetadata {
  return {
    ...(exif && { exif: withoutExifPrefix(exif) }),
    ...(xmp && { xmp }),
    ...(iptc && { iptc }),
    ...(icc && { icc }),
  };
}

/** What the samples of a picture are, in the words of a probe. */
export function colorModelOf({ space }: Metadata): ImageProbe["colorModel"] {
  if (space === "cmyk") return "cmyk";
  return space === "b-w" || space === "grey16" ? "grayscale" : "rgb";
}
