import { MediaError } from "../errors.ts";
import type { ImageOutput } from "./output.ts";
import type { ImageProbe } from "./probe.ts";

/**
 * Refuses a picture that is cut short, unless everything that is made of it makes do with what there is, and its format
 * lets a part be decoded: JPEG, PNG row by row, GIF. Of other formats decoders answer with all or nothing.
 *
 * @throws MediaError `corrupt_image` naming what is missing
 */
export function requireWhole(probe: ImageProbe, outputs: readonly ImageOutput[]): void {
  const { cutShort, format } = probe;
  if (cutShort === undefined) return;
  const isEnough = outputs.length > 0 && outputs.every(({ salvage }) => salvage);
  if (!isEnough) throw new MediaError("corrupt_image", cutShort);
  if (!isSalvageable(probe)) {
    throw new MediaError(
      "corrupt_image",
      `${cutShort} No part of this kind of ${format.toUpperCase()} can be salvaged.`,
    );
  }
}

function isSalvageable({ format, coding }: ImageProbe): boolean {
  return format === "jpeg" || format === "gif" || (format === "png" && coding !== "interlaced");
}

/**
 * What the maker of a salvaged output is told: it is not to pass for the whole picture.
 *
 * @param cutShort the sentence that names what is missing
 */
export function salvageNote(name: string, cutShort: string): string {
  return `${name} shows only what there was to decode, and the rest blank or coarse. ${cutShort}`;
}
