import { MediaError } from "../../errors.ts";
import type { ImageProbe } from "../probe.ts";
import type { Head } from "./head.ts";

const FILE_HEADER_BYTES = 14;
const CORE_HEADER_BYTES = 12;

/** Reads the DIB header (BITMAPCOREHEADER or BITMAPINFOHEADER and later); a negative height means top row first. */
export function probeBmp(head: Head): Omit<ImageProbe, "format"> {
  const dib = FILE_HEADER_BYTES;
  const isCore = head.u32(dib, true) === CORE_HEADER_BYTES;
  const width = isCore ? head.u16(dib + 4, true) : head.i32(dib + 4, true);
  const height = Math.abs(isCore ? head.u16(dib + 6, true) : head.i32(dib + 8, true));
  const bitsPerPixel = head.u16(dib + (isCore ? 10 : 14), true);
  if (width < 0) throw new MediaError("corrupt_image", "The BMP claims a negative width.");
  const isPalette = bitsPerPixel <= 8;
  return {
    width,
    height,
    orientation: 1,
    hasAlpha: bitsPerPixel === 32,
    bitDepth: isPalette ? bitsPerPixel : 8,
    components: isPalette ? 1 : bitsPerPixel === 32 ? 4 : 3,
    colorModel: isPalette ? "palette" : "rgb",
    coding: "plain",
    animated: false,
    frames: 1,
    hasIccProfile: false,
  };
}
