import type { CompletenessCheck } from "../completeness.ts";

const SOS = 0xda;
const EOI = 0xd9;

/**
 * A whole JPEG has an EOI after its first scan. Segments are stepped over by their length, so that the EOI of an
 * embedded preview does not count; what follows the EOI (motion photos, maker trailers) does not matter.
 */
export function checkJpeg(): CompletenessCheck {
  let state: "seek" | "code" | "length-high" | "length-low" | "ended" = "seek";
  let marker = 0;
  let lengthHigh = 0;
  let hasScan = false;
  let skip = 2; // SOI

  function step(byte: number): void {
    if (state === "code") {
      marker = byte;
      if (byte === EOI && hasScan) state = "ended";
      else if (byte !== 0xff) state = hasLength(byte) ? "length-high" : "seek";
    } else if (state === "length-high") {
      lengthHigh = byte;
      state = "length-low";
    } else {
      skip = Math.max(0, lengthHigh * 256 + byte - 2);
      hasScan ||= marker === SOS;
      state = "seek";
    }
  }

  /** The next byte that matters at or after `at`: between markers only 0xFF does. */
  function seek(chunk: Uint8Array, at: number): number {
    const found = chunk.indexOf(0xff, at);
    if (found < 0) return chunk.length;
    state = "code";
    return found + 1;
  }

  return {
    push(chunk) {
      let at = 0;
      while (at < chunk.length && state !== "ended") {
        const skipped = Math.min(skip, chunk.length - at);
        at += skipped;
        skip -= skipped;
        const byte = chunk[at];
        if (byte === undefined) return;
        if (state === "seek") at = seek(chunk, at);
        else {
          step(byte);
          at += 1;
        }
      }
    },
    problem() {
      if (!hasScan) return "The JPEG ends before its picture begins: it has no scan (SOS).";
      return state === "ended" ? undefined : "The JPEG is cut short: its end marker (EOI) is missing.";
    },
  };
}

/** Stuffed zeros, TEM, restart markers, SOI and EOI stand alone (ITU-T T.81 table B.1). */
function hasLength(marker: number): boolean {
  return !(marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd9));
}
