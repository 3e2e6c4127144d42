import { decodePng, resamplePng } from "./codecs/png-rows.ts";
import type { ImageSource } from "./decode.ts";
import type { Pixels } from "./pixels.ts";
import type { ImageProbe } from "./probe.ts";
import { filtersFor, resizePixels } from "./resize.ts";

/** A picture of up to so many px is held, once it is looked at a second time. */
export const HELD_PNG_PIXELS = 12_000_000;

/**
 * A PNG that outputs are resampled from while it is decoded. The first output costs one pass over the file and a few
 * rows of memory; with the second the picture is decoded as a whole and kept for all that follow, if it is small enough.
 * Interlaced pictures, whose rows come in no order, are held from the start.
 */
export function openPng(input: Uint8Array, probe: ImageProbe): ImageSource {
  const isInterlaced = probe.coding === "interlaced";
  const isSmall = probe.width * probe.height <= HELD_PNG_PIXELS;
  let held: Pixels | undefined;
  let looks = 0;
  return {
    async resample(window, size, filter) {
      looks++;
      const isSame = size.width === window.width && size.height === window.height;
      if (isInterlaced || isSame || (isSmall && looks > 1)) held ??= await decodePng(input);
      if (held) return await resizePixels(held, window, size, probe.hasAlpha, filter);
      return await resamplePng(input, window, size, filtersFor(window, size, filter), probe.hasAlpha);
    },
  };
}
