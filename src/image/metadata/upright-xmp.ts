import type { Size } from "../geometry.ts";

/** What an XMP packet says of the picture itself: property, and what is true of the output. */
function truths({ width, height }: Size): [pattern: string, value: string][] {
  return [
    ["tiff:Orientation", "1"],
    ["tiff:ImageWidth", `${width}`],
    ["tiff:ImageLength", `${height}`],
    ["exif:PixelXDimension", `${width}`],
    ["exif:PixelYDimension", `${height}`],
  ];
}

/**
 * All of an XMP packet but thumbnails, with its orientation and size made true of the output. Packets in UTF-16 come
 * back as UTF-8.
 *
 * @returns undefined for what is no text
 */
export function uprightXmp(packet: Uint8Array, size: Size): Uint8Array<ArrayBuffer> | undefined {
  const text = decoded(packet);
  if (text === undefined) return undefined;
  const corrected = truths(size).reduce(
    (xml, [property, value]) =>
      xml
        .replace(new RegExp(`(${property}\\s*=\\s*)("[^"]*"|'[^']*')`, "g"), `$1"${value}"`)
        .replace(new RegExp(`(<${property}>)[^<]*(</${property}>)`, "g"), `$1${value}$2`),
    text,
  );
  return new TextEncoder().encode(withoutThumbnails(corrected)) as Uint8Array<ArrayBuffer>;
}

const THUMBNAILS = { open: "<xmp:Thumbnails", close: "</xmp:Thumbnails>" };

/** `xmp:Thumbnails` holds pictures; the second part of a packet that is too long for one segment is not carried over. */
function withoutThumbnails(xml: string): string {
  const close = xml.lastIndexOf(THUMBNAILS.close);
  const open = xml.indexOf(THUMBNAILS.open);
  const rest =
    open >= 0 && open < close ? xml.slice(0, open) + xml.slice(close + THUMBNAILS.close.length) : xml;
  return rest.replace(/\bxmpNote:HasExtendedXMP\s*=\s*("[^"]*"|'[^']*')/g, "");
}

function decoded(packet: Uint8Array): string | undefined {
  const encoding = packet[0] === 0xfe ? "utf-16be" : packet[0] === 0xff ? "utf-16le" : "utf-8";
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: false }).decode(packet);
  } catch {
    return undefined;
  }
}
