import { MediaError } from "../../errors.ts";
import type { ImageProbe } from "../probe.ts";
import { exifOrientation } from "./exif.ts";
import type { Head } from "./head.ts";

interface ColorType {
  colorModel: ImageProbe["colorModel"];
  components: number;
  hasAlpha: boolean;
  bitDepths: number[];
}

/** PNG third edition, table 8: colour types and the depths that each allows. */
const COLOR_TYPES: Record<number, ColorType> = {
  0: { colorModel: "grayscale", components: 1, hasAlpha: false, bitDepths: [1, 2, 4, 8, 16] },
  2: { colorModel: "rgb", components: 3, hasAlpha: false, bitDepths: [8, 16] },
  3: { colorModel: "palette", components: 1, hasAlpha: false, bitDepths: [1, 2, 4, 8] },
  4: { colorModel: "grayscale", components: 2, hasAlpha: true, bitDepths: [8, 16] },
  6: { colorModel: "rgb", components: 4, hasAlpha: true, bitDepths: [8, 16] },
};

const SIGNATURE_BYTES = 8;
const CHUNK_OVERHEAD_BYTES = 12; // length, type, CRC

/** Reads IHDR and the chunks up to the first IDAT (PNG third edition §5, §11.2.1). */
export function probePng(head: Head): Omit<ImageProbe, "format"> {
  if (head.u32(SIGNATURE_BYTES) !== 13 || head.text(SIGNATURE_BYTES + 4, 4) !== "IHDR") {
    throw new MediaError("corrupt_image", "The PNG does not begin with an IHDR chunk.");
  }
  const header = readHeader(head, SIGNATURE_BYTES + 8);
  return { ...header, ...readAncillary(head, SIGNATURE_BYTES + 13 + CHUNK_OVERHEAD_BYTES, header) };
}

type Header = ReturnType<typeof readHeader>;

function readHeader(head: Head, offset: number) {
  const width = head.u32(offset);
  const height = head.u32(offset + 4);
  const bitDepth = head.u8(offset + 8);
  const colorType = COLOR_TYPES[head.u8(offset + 9)];
  const interlace = head.u8(offset + 12);
  if (width > 0x7fff_ffff || height > 0x7fff_ffff) {
    throw new MediaError("corrupt_image", "The PNG claims a side over 2³¹ px.");
  }
  if (!colorType?.bitDepths.includes(bitDepth) || interlace > 1) {
    throw new MediaError(
      "corrupt_image",
      "The IHDR chunk of the PNG names a kind of pixel that does not exist.",
    );
  }
  const { bitDepths: _, ...kind } = colorType;
  const coding: ImageProbe["coding"] = interlace === 1 ? "interlaced" : "plain";
  return { width, height, bitDepth, coding, ...kind };
}

/** Chunks before the first IDAT: acTL, eXIf, iCCP and tRNS are only meaningful there. */
function readAncillary(head: Head, start: number, header: Header) {
  const found: Pick<ImageProbe, "orientation" | "hasAlpha" | "animated" | "frames" | "hasIccProfile"> = {
    orientation: 1,
    hasAlpha: header.hasAlpha,
    animated: false,
    frames: 1,
    hasIccProfile: false,
  };
  let offset = start;
  for (;;) {
    const length = head.u32(offset);
    const type = head.text(offset + 4, 4);
    if (type === "IDAT" || type === "IEND") return found;
    if (length > 0x7fff_ffff)
      throw new MediaError("corrupt_image", `The ${type} chunk claims ${length} bytes.`);
    if (type === "tRNS") found.hasAlpha = true;
    if (type === "iCCP") found.hasIccProfile = true;
    if (type === "eXIf") found.orientation = exifOrientation(head.slice(offset + 8, length));
    if (type === "acTL" && length >= 8) {
      found.frames = head.u32(offset + 8);
      found.animated = found.frames > 1;
    }
    offset += length + CHUNK_OVERHEAD_BYTES;
  }
}
