import type { Refuse } from "../check-output.ts";
import type { NamedSpecification } from "../name-outputs.ts";

/** What does not fit in what is asked for of a stream. */
export function checkStream({ format, encryption }: NamedSpecification, refuse: Refuse): void {
  if (encryption === undefined || format === "hls") return;
  refuse("encryption", "AES-128 is for HLS alone: set format to hls, or leave encryption out.");
}
