import type { Size } from "../geometry.ts";
import { type MetadataChoice, type MetadataField, TECHNICAL_FIELDS } from "./modes.ts";
import { pickExif } from "./pick-exif.ts";
import type { SourceMetadata } from "./source-metadata.ts";
import { uprightExif } from "./upright-exif.ts";
import { uprightXmp } from "./upright-xmp.ts";

/**
 * What of a source's metadata goes into one output, ready to be written. The colour profile goes with the pixels: it is
 * there when they are still in its colours, and else never.
 *
 * @param size of the output, px
 * @param keepsColor the pixels were not converted to sRGB
 */
export function keptMetadata(
  source: SourceMetadata,
  choice: MetadataChoice,
  size: Size,
  keepsColor: boolean,
): SourceMetadata {
  const kept: SourceMetadata = { ...chosen(source, choice, size, keepsColor) };
  if (keepsColor && source.icc) kept.icc = source.icc;
  return kept;
}

function chosen(
  { exif, xmp, iptc }: SourceMetadata,
  choice: MetadataChoice,
  size: Size,
  keepsColor: boolean,
): SourceMetadata {
  if (choice === "strip_all") return {};
  if (choice === "preserve_all") {
    return defined({
      exif: exif && uprightExif(exif, size, !keepsColor),
      xmp: xmp && uprightXmp(xmp, size),
      iptc,
    });
  }
  const fields: readonly MetadataField[] = choice === "preserve_technical" ? TECHNICAL_FIELDS : choice.keep;
  return defined({
    exif: exif && pickExif(exif, fields),
    xmp: xmp && fields.includes("xmp") ? uprightXmp(xmp, size) : undefined,
    iptc: fields.includes("iptc") ? iptc : undefined,
  });
}

function defined(blocks: { [Name in keyof SourceMetadata]: Uint8Array | undefined }): SourceMetadata {
  return Object.fromEntries(Object.entries(blocks).filter(([, block]) => block !== undefined));
}
