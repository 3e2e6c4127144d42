import { type ResizeKernel, resampleRgba } from "./codecs/resize.ts";
import type { Size } from "./geometry.ts";
import type { Pixels } from "./pixels.ts";

/**
 * Resamples a picture to a size; the picture itself when it has that size already. Colour is weighted by alpha, so
 * that what lies under transparent pixels does not bleed into edges.
 *
 * @param hasAlpha false spares the weighting where every pixel is opaque
 */
export async function resizePixels(pixels: Pixels, size: Size, hasAlpha: boolean): Promise<Pixels> {
  if (size.width === pixels.width && size.height === pixels.height) return pixels;
  return await resampleRgba(pixels, size, kernelFor(pixels, size), hasAlpha);
}

/** Lanczos keeps detail when shrinking; when enlarging it rings at edges, and Mitchell does not. */
function kernelFor(source: Size, size: Size): ResizeKernel {
  return size.width > source.width || size.height > source.height ? "mitchell" : "lanczos3";
}
