import type { CompletenessCheck } from "../completeness.ts";
import { Head } from "../probe/head.ts";

/** What is looked at of a file: its header, and the part of the next that every version has. */
const HEADER_BYTES = 34;
const CORE_HEADER_BYTES = 12;
/** BI_RGB, BI_BITFIELDS, BI_ALPHABITFIELDS: pixels that lie there as they are. */
const PLAIN = [0, 3, 6];

/** A whole BMP has as many rows as it claims, each of whole words; of compressed pixels only a decoder can tell. */
export function checkBmp(): CompletenessCheck {
  const header: number[] = [];
  let bytes = 0;
  return {
    push(chunk) {
      header.push(...chunk.subarray(0, HEADER_BYTES - header.length));
      bytes += chunk.length;
    },
    problem() {
      if (bytes < HEADER_BYTES) return "The BMP is cut short: it ends inside its header.";
      const claimed = claimedBytes(new Head(Uint8Array.from(header)));
      return bytes >= claimed ? undefined : `The BMP is cut short: it has ${bytes} of ${claimed} bytes.`;
    },
  };
}

function claimedBytes(head: Head): number {
  const isCore = head.u32(14, true) === CORE_HEADER_BYTES;
  if (!isCore && !PLAIN.includes(head.u32(30, true))) return 0;
  const width = isCore ? head.u16(18, true) : Math.abs(head.i32(18, true));
  const height = isCore ? head.u16(20, true) : Math.abs(head.i32(22, true));
  const bitsPerPixel = head.u16(isCore ? 24 : 28, true);
  return head.u32(10, true) + Math.ceil((width * bitsPerPixel) / 32) * 4 * height;
}
