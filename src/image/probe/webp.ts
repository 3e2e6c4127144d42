import { MediaError } from "../../errors.ts";
import type { ImageProbe } from "../probe.ts";
import { exifOrientation } from "./exif.ts";
import { type Head, MAX_HEAD_BYTES } from "./head.ts";

type Described = Omit<ImageProbe, "format">;

/** VP8X flags, RFC 9649 §2.7.1. */
const FLAG = { animation: 0x02, exif: 0x08, alpha: 0x10, icc: 0x20 };

const FIRST_CHUNK = 12;

/** Reads the RIFF container of a WebP (RFC 9649 §2) and the header of its first bitstream. */
export function probeWebp(head: Head): Described {
  const type = head.text(FIRST_CHUNK, 4);
  const payload = FIRST_CHUNK + 8;
  if (type === "VP8 ") return still(readLossyFrame(head, payload), false, "lossy");
  if (type === "VP8L") {
    const { hasAlpha, ...size } = readLosslessFrame(head, payload);
    return still(size, hasAlpha, "lossless");
  }
  if (type === "VP8X") return readExtended(head, payload);
  throw new MediaError("corrupt_image", "The WebP does not begin with a VP8, VP8L or VP8X chunk.");
}

function still(
  size: { width: number; height: number },
  hasAlpha: boolean,
  coding: "lossy" | "lossless",
): Described {
  return {
    ...size,
    orientation: 1,
    hasAlpha,
    bitDepth: 8,
    components: hasAlpha ? 4 : 3,
    colorModel: coding === "lossy" ? "ycbcr" : "rgb",
    coding,
    animated: false,
    frames: 1,
    hasIccProfile: false,
  };
}

/** RFC 6386 §9.1: a key frame's tag, its start code, then 14 bits of width and of height with 2 bits of scale. */
function readLossyFrame(head: Head, offset: number) {
  const isKeyFrame = (head.u8(offset) & 1) === 0;
  if (!isKeyFrame || head.text(offset + 3, 3) !== "\x9d\x01\x2a") {
    throw new MediaError("corrupt_image", "The VP8 frame of the WebP does not start with a key frame.");
  }
  return { width: head.u16(offset + 6, true) & 0x3fff, height: head.u16(offset + 8, true) & 0x3fff };
}

/** RFC 9649 §3.4: signature byte, then 14 bits of width − 1, 14 of height − 1, one of alpha, three of version. */
function readLosslessFrame(head: Head, offset: number) {
  if (head.u8(offset) !== 0x2f) throw new MediaError("corrupt_image", "The VP8L frame has no signature.");
  const bits = head.u32(offset + 1, true);
  return {
    width: (bits & 0x3fff) + 1,
    height: ((bits >>> 14) & 0x3fff) + 1,
    hasAlpha: ((bits >>> 28) & 1) === 1,
  };
}

function readExtended(head: Head, offset: number): Described {
  const flags = head.u8(offset);
  const size = { width: head.u24le(offset + 4) + 1, height: head.u24le(offset + 7) + 1 };
  const chunks = readChunks(head, (flags & FLAG.exif) !== 0);
  const hasAlpha = (flags & FLAG.alpha) !== 0 || chunks.hasAlpha;
  const animated = (flags & FLAG.animation) !== 0;
  return {
    ...still(size, hasAlpha, chunks.coding),
    orientation: chunks.orientation,
    animated,
    frames: animated ? undefined : 1,
    hasIccProfile: (flags & FLAG.icc) !== 0,
  };
}

/**
 * Walks the chunks after VP8X to the first bitstream, and on to EXIF, which lies behind it, where the flags promise
 * one. EXIF further in than a header may reach is left unread: the picture is then taken as upright.
 */
function readChunks(head: Head, hasExif: boolean) {
  const found = {
    coding: undefined as "lossy" | "lossless" | undefined,
    orientation: 1 as ImageProbe["orientation"],
  };
  let hasAlpha = false;
  const end = head.u32(4, true) + 8;
  let offset = FIRST_CHUNK + 8 + head.u32(FIRST_CHUNK + 4, true);
  while (offset + 8 <= end && offset + 8 <= MAX_HEAD_BYTES) {
    const type = head.text(offset, 4);
    const length = head.u32(offset + 4, true);
    if (type === "ALPH") hasAlpha = true;
    if (type === "VP8 " || type === "ANMF") found.coding ??= "lossy";
    if (type === "VP8L") found.coding ??= "lossless";
    if (type === "EXIF" && offset + 8 + length <= MAX_HEAD_BYTES) {
      found.orientation = exifOrientation(withoutPrefix(head.slice(offset + 8, length)));
    }
    if (found.coding !== undefined && (!hasExif || type === "EXIF")) break;
    offset += 8 + length + (length & 1);
  }
  if (found.coding === undefined) throw new MediaError("corrupt_image", "The WebP has no picture in it.");
  return { coding: found.coding, orientation: found.orientation, hasAlpha };
}

/** Some writers keep the JPEG prefix `Exif\0\0` in front of the TIFF header. */
function withoutPrefix(block: Uint8Array): Uint8Array {
  return block[0] === 0x45 && block[4] === 0 ? block.subarray(6) : block;
}
