import { isSvg } from "./svg-root.ts";

export const SOURCE_FORMATS = ["jpeg", "png", "webp", "gif", "avif", "heic", "tiff", "bmp", "svg"] as const;
export type SourceFormat = (typeof SOURCE_FORMATS)[number];

/**
 * Names the format from the first bytes; 32 are enough except for an SVG behind a long prologue (4 KB are looked at).
 * Undefined when it is none of ours or when the bytes are too few to tell.
 */
export function detectImageFormat(head: Uint8Array): SourceFormat | undefined {
  const start = latin1(head.subarray(0, 16));
  if (start.startsWith("\xff\xd8\xff")) return "jpeg";
  if (start.startsWith("\x89PNG\r\n\x1a\n")) return "png";
  if (start.startsWith("RIFF") && start.slice(8, 12) === "WEBP") return "webp";
  if (start.startsWith("GIF87a") || start.startsWith("GIF89a")) return "gif";
  if (start.startsWith("II*\0") || start.startsWith("MM\0*")) return "tiff";
  if (start.startsWith("BM") && isBmpHeader(head)) return "bmp";
  if (start.slice(4, 8) === "ftyp") return heifBrand(head);
  return isSvg(head) ? "svg" : undefined;
}

/** "BM" alone begins too many texts: the size of the DIB header has to be one that exists. */
function isBmpHeader(head: Uint8Array): boolean {
  if (head.length < 18) return false;
  return [12, 16, 40, 52, 56, 64, 108, 124].includes((head[14] ?? 0) | ((head[15] ?? 0) << 8));
}

const HEIC_BRANDS = ["heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs"];

/** ISO/IEC 14496-12 §4.3: major brand, minor version, then compatible brands to the end of the box. */
function heifBrand(head: Uint8Array): SourceFormat | undefined {
  const boxBytes = new DataView(head.buffer, head.byteOffset, head.byteLength).getUint32(0);
  const brands = latin1(head.subarray(8, Math.min(boxBytes, head.length, 256))).match(/[\s\S]{4}/g) ?? [];
  if (brands.some((brand) => brand === "avif" || brand === "avis")) return "avif";
  if (brands.some((brand) => HEIC_BRANDS.includes(brand))) return "heic";
  // `mif1` and `msf1` say only that it is HEIF; HEVC is what nearly all such files hold.
  return brands[0] === "mif1" || brands[0] === "msf1" ? "heic" : undefined;
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
