import type { ImageProbe } from "../probe.ts";
import { type Head, ShortHead } from "./head.ts";

/**
 * Reads the logical screen of a GIF (GIF89a §18) and counts frames as far as the bytes at hand reach: frames lie
 * spread over the whole file, and nothing is fetched for their sake.
 */
export function probeGif(head: Head): Omit<ImageProbe, "format"> {
  const packed = head.u8(10);
  const size = { width: head.u16(6, true), height: head.u16(8, true) };
  const blocks = readBlocks(head, 13 + tableBytes(packed));
  return {
    ...size,
    orientation: 1,
    hasAlpha: blocks.hasTransparency,
    bitDepth: 8,
    components: 1,
    colorModel: "palette",
    coding: "plain",
    animated: blocks.frames > 1 || blocks.loops,
    frames: blocks.ended ? blocks.frames : undefined,
    hasIccProfile: false,
  };
}

interface Blocks {
  frames: number;
  /** A NETSCAPE extension asks for repetition: only animations have one. */
  loops: boolean;
  hasTransparency: boolean;
  /** The trailer was reached, so `frames` is exact. */
  ended: boolean;
}

const EXTENSION = 0x21;
const IMAGE = 0x2c;

function readBlocks(head: Head, start: number): Blocks {
  const found: Blocks = { frames: 0, loops: false, hasTransparency: false, ended: false };
  try {
    let offset = start;
    for (;;) {
      const introducer = head.u8(offset);
      if (introducer === EXTENSION) {
        readExtension(head, offset + 1, found);
        offset = skipSubBlocks(head, offset + 2);
      } else if (introducer === IMAGE) {
        found.frames += 1;
        offset = skipSubBlocks(head, offset + 10 + tableBytes(head.u8(offset + 9)) + 1);
      } else {
        found.ended = true;
        return found;
      }
    }
  } catch (thrown) {
    if (thrown instanceof ShortHead) return found;
    throw thrown;
  }
}

function readExtension(head: Head, offset: number, found: Blocks): void {
  const label = head.u8(offset);
  if (label === 0xf9 && (head.u8(offset + 2) & 1) === 1) found.hasTransparency = true;
  if (label === 0xff && head.text(offset + 2, 8) === "NETSCAPE") found.loops = true;
}

function skipSubBlocks(head: Head, start: number): number {
  let offset = start;
  for (let length = head.u8(offset); length !== 0; length = head.u8(offset)) offset += length + 1;
  return offset + 1;
}

/** Bytes of a colour table from the packed field in front of it. */
function tableBytes(packed: number): number {
  return (packed & 0x80) === 0 ? 0 : 3 * 2 ** ((packed & 7) + 1);
}
