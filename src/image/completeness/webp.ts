import type { CompletenessCheck } from "../completeness.ts";

/** A whole WebP has the bytes that its RIFF header claims (RFC 9649 §2.4). */
export function checkWebp(): CompletenessCheck {
  const header: number[] = [];
  let bytes = 0;
  return {
    push(chunk) {
      header.push(...chunk.subarray(0, 8 - header.length));
      bytes += chunk.length;
    },
    problem() {
      if (bytes < 8) return "The WebP is cut short: it ends inside its RIFF header.";
      const claimed = new DataView(Uint8Array.from(header).buffer).getUint32(4, true) + 8;
      return bytes >= claimed ? undefined : `The WebP is cut short: it has ${bytes} of ${claimed} bytes.`;
    },
  };
}
