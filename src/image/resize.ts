import type { Filter, Filters } from "./codecs/kernels.ts";
import { resampleRgba } from "./codecs/resize.ts";
import { cropPixels } from "./crop.ts";
import type { Rectangle, Size } from "./geometry.ts";
import type { Pixels } from "./pixels.ts";

/**
 * Resamples a window of a picture to a size; without change of size it is only cut out. Colour is weighted by alpha,
 * so that what lies under transparent pixels does not bleed into edges.
 *
 * @param hasAlpha false spares the weighting where every pixel is opaque
 */
export async function resizePixels(
  pixels: Pixels,
  window: Rectangle,
  size: Size,
  hasAlpha: boolean,
  filter?: Filter,
): Promise<Pixels> {
  if (size.width === window.width && size.height === window.height) return cropPixels(pixels, window);
  return await resampleRgba(pixels, window, size, filtersFor(window, size, filter), hasAlpha);
}

/**
 * Lanczos keeps detail when shrinking; when enlarging it rings at edges, and Mitchell does not.
 *
 * @param asked takes the place of that choice
 */
export function filtersFor(window: Size, size: Size, asked?: Filter): Filters {
  if (asked !== undefined) return { horizontal: asked, vertical: asked };
  return {
    horizontal: size.width > window.width ? "mitchell" : "lanczos3",
    vertical: size.height > window.height ? "mitchell" : "lanczos3",
  };
}
