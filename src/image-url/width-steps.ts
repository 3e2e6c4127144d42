import { type ImageUrlOptions, MAX_URL_SIDE_PX } from "./options.ts";

/**
 * Rounds a width up to the next of the deployment's steps, so that a page that asks for every width gets a few images
 * and not hundreds. A height goes with it, in ratio; where that makes it too tall, the width stays as it is. A width
 * beyond the last step becomes the last.
 *
 * @param steps px, rising; none leaves every width as it is
 */
export function roundToSteps(options: ImageUrlOptions, steps: readonly number[]): ImageUrlOptions {
  const { width, height, dpr = 1 } = options;
  const last = steps.at(-1);
  if (typeof width !== "number" || last === undefined || options.placeholder) return options;
  const wanted = Math.round(width * dpr);
  const step = steps.find((px) => px >= wanted) ?? last;
  if (step === wanted) return options;
  const tall = height && Math.max(1, Math.round((height * step) / width));
  if (tall !== undefined && tall > MAX_URL_SIDE_PX) return options;
  const { dpr: _applied, ...rest } = options;
  return { ...rest, width: step, ...(tall !== undefined && { height: tall }) };
}
