import { decodePng, resamplePng } from "./codecs/png-rows.ts";
import type { ImageSource } from "./decode.ts";
import type { Size } from "./geometry.ts";
import { HELD_PNG_PIXELS } from "./memory.ts";
import type { Pixels } from "./pixels.ts";
import type { ImageProbe } from "./probe.ts";
import { filtersFor, resizePixels } from "./resize.ts";

/**
 * A PNG that outputs are resampled from while it is decoded. The first output costs one pass over the file and a few
 * rows of memory; with the second the picture is decoded as a whole and kept for all that follow, if it is small enough.
 * Interlaced pictures, whose rows come in no order, are held from the start.
 */
export function openPng(input: Uint8Array, probe: ImageProbe): ImageSource {
  const isInterlaced = probe.coding === "interlaced";
  const isSmall = probe.width * probe.height <= HELD_PNG_PIXELS;
  const isWhole = ({ width, height }: Size) => width === probe.width && height === probe.height;
  let held: Pixels | undefined;
  let looks = 0;
  return {
    async resample(window, size, filter) {
      looks++;
      if (isInterlaced || isWhole(size) || (isSmall && looks > 1)) held ??= await decodePng(input);
      if (held) return await resizePixels(held, window, size, probe.hasAlpha, filter);
      const isSame = size.width === window.width && size.height === window.height;
      // Weighted by alpha, pixels that are only cut out would not stay quite as they are.
      const isWeighted = probe.hasAlpha && !isSame;
      return await resamplePng(input, window, size, filtersFor(window, size, filter), isWeighted);
    },
  };
}
