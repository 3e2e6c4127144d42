import type { CompletenessCheck } from "../completeness.ts";
import { walkBytes } from "./walk-bytes.ts";

const EXTENSION = 0x21;
const IMAGE = 0x2c;
const TRAILER = 0x3b;

type State = "screen" | "block" | "image" | "sub-block" | "ended";

/** What follows each introducer, and the fixed bytes between: an extension's label, an image's place and size. */
const STATE_AFTER: Record<number, State> = { [EXTENSION]: "sub-block", [IMAGE]: "image", [TRAILER]: "ended" };
const SKIP_AFTER: Record<number, number> = { [EXTENSION]: 1, [IMAGE]: 8 };

/** A whole GIF has a trailer after its last block (GIF89a §27). */
export function checkGif(): CompletenessCheck {
  let state: State = "screen";
  const walk = walkBytes(10, (byte) => {
    switch (state) {
      case "screen":
        state = "block";
        return 2 + tableBytes(byte);
      case "block":
        state = STATE_AFTER[byte] ?? "block";
        return SKIP_AFTER[byte] ?? 0;
      case "image":
        state = "sub-block";
        return tableBytes(byte) + 1;
      case "sub-block":
        if (byte === 0) state = "block";
        return byte;
      case "ended":
        return Number.POSITIVE_INFINITY;
    }
  });
  return {
    push: walk.push,
    problem: () => (state === "ended" ? undefined : "The GIF is cut short: its trailer is missing."),
  };
}

/** Bytes of a colour table from the packed field in front of it. */
function tableBytes(packed: number): number {
  return (packed & 0x80) === 0 ? 0 : 3 * 2 ** ((packed & 7) + 1);
}
