import { MediaError } from "../errors.ts";
import { frameOutput } from "../image/framing.ts";
import type { ImageProbe } from "../image/probe.ts";
import { type ImageUrlOptions, MAX_URL_SIDE_PX } from "./options.ts";
import { toImageOutput } from "./to-output.ts";

/**
 * Keeps both sides of what a URL makes to the limit, also the one that follows from the other: an image of 1×3000 px at
 * `w=20` would be 60,000 px tall. Without a size in the URL, a larger original is shown at the limit.
 *
 * @throws MediaError `invalid_image_url` when the size that was asked for makes a longer side
 */
export function boundSize(options: ImageUrlOptions, probe: ImageProbe): ImageUrlOptions {
  const { width, height } = sizeOf(options, probe);
  if (Math.max(width, height) <= MAX_URL_SIDE_PX) return options;
  if (options.width === undefined && options.height === undefined) {
    const bounded: ImageUrlOptions = { ...options, width: MAX_URL_SIDE_PX, height: MAX_URL_SIDE_PX };
    const shrunk = sizeOf(bounded, probe);
    if (Math.max(shrunk.width, shrunk.height) <= MAX_URL_SIDE_PX) return bounded;
  }
  throw new MediaError(
    "invalid_image_url",
    `This would make ${width}×${height} px, and a side may have ${MAX_URL_SIDE_PX} px: ask for less.`,
  );
}

/** The format plays no part in it. */
function sizeOf(options: ImageUrlOptions, probe: ImageProbe): { width: number; height: number } {
  return frameOutput(probe, toImageOutput(options, "png")).size;
}
