import type { CompletenessCheck } from "../completeness.ts";
import { walkBytes } from "./walk-bytes.ts";

const SIGNATURE_BYTES = 8;
const CRC_BYTES = 4;

/** A whole PNG ends with an IEND chunk and its CRC (PNG third edition §5.3). */
export function checkPng(): CompletenessCheck {
  let header: number[] = [];
  let hasEnd = false;
  const walk = walkBytes(SIGNATURE_BYTES, (byte) => {
    if (hasEnd) return Number.POSITIVE_INFINITY;
    header.push(byte);
    if (header.length < 8) return 0;
    const bytes = Uint8Array.from(header);
    header = [];
    hasEnd = String.fromCharCode(...bytes.subarray(4)) === "IEND";
    return new DataView(bytes.buffer).getUint32(0) + CRC_BYTES;
  });
  return {
    push: walk.push,
    problem() {
      if (hasEnd && (walk.owed() === 0 || walk.owed() === Number.POSITIVE_INFINITY)) return undefined;
      return "The PNG is cut short: its last chunk (IEND) is missing or incomplete.";
    },
  };
}
