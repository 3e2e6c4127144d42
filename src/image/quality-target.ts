import { z } from "zod";

/** What a quality is looked for by, instead of being said. */
export const qualityTarget = z.union([
  /** The least quality whose picture is this similar to the one before encoding, see `ssim.ts`. */
  z.strictObject({ ssim: z.number().min(0.5).max(0.9999) }),
  /** The best quality whose file has at most as many bytes. */
  z.strictObject({ maxBytes: z.int().min(64) }),
]);
export type QualityTarget = z.infer<typeof qualityTarget>;

/** One encode on the way to a target. */
export interface Trial {
  /** 1–100 */
  quality: number;
  bytes: Uint8Array<ArrayBuffer>;
  /** To the picture before encoding; only looked at for a target of similarity. */
  ssim?: number;
}

/** What the search ended with. */
export interface Found extends Trial {
  /** Encodes that it took. */
  encodes: number;
  /** Whether the target is met. When it is not, this is as near as the format comes. */
  isMet: boolean;
}

/** Enough for bisecting 1–100 to the last step, wherever it begins. */
export const MAX_ENCODES = 8;

/** A picture this little better than its target is not worth another encode. */
const NEAR_SSIM = 0.0005;
/** A file that is this nearly as large as it may be is not, either. */
const NEAR_BYTES = 0.98;

/**
 * Looks for the quality of a target by bisection: at most {@link MAX_ENCODES} encodes, each better or worse than the
 * last by half of what is left. Similarity and size rise with quality, but for the grain of a codec; what is returned
 * is always the best that was seen, so that the target holds also where they do not.
 *
 * @param first where to begin, 1–100
 * @param attempt encodes at a quality; it measures the similarity when the target asks for it
 */
export async function searchQuality(
  target: QualityTarget,
  first: number,
  attempt: (quality: number) => Promise<Trial>,
): Promise<Found> {
  let [least, most] = [1, 100];
  let best: Trial | undefined;
  let nearest: Trial | undefined;
  let encodes = 0;
  for (let quality = first; least <= most; quality = (least + most) >> 1) {
    const trial = await attempt(quality);
    encodes++;
    nearest = nearest === undefined || isNearer(target, trial, nearest) ? trial : nearest;
    const meets = isMet(target, trial);
    if (meets && (best === undefined || isBetter(target, trial, best))) best = trial;
    if ((meets && isNear(target, trial)) || encodes === MAX_ENCODES) break;
    // Good enough asks for less quality when similarity is the target, and leaves room for more when bytes are.
    if (meets === "ssim" in target) most = quality - 1;
    else least = quality + 1;
  }
  const found = best ?? nearest;
  if (!found) throw new Error("no quality was tried");
  return { ...found, encodes, isMet: best !== undefined };
}

function isMet(target: QualityTarget, { bytes, ssim = 0 }: Trial): boolean {
  return "ssim" in target ? ssim >= target.ssim : bytes.length <= target.maxBytes;
}

function isNear(target: QualityTarget, { bytes, ssim = 0 }: Trial): boolean {
  return "ssim" in target ? ssim <= target.ssim + NEAR_SSIM : bytes.length >= target.maxBytes * NEAR_BYTES;
}

/** Of two that meet the target. */
function isBetter(target: QualityTarget, one: Trial, other: Trial): boolean {
  return "ssim" in target ? one.bytes.length < other.bytes.length : one.quality > other.quality;
}

/** Of two that may not meet it. */
function isNearer(target: QualityTarget, one: Trial, other: Trial): boolean {
  return "ssim" in target ? (one.ssim ?? 0) > (other.ssim ?? 0) : one.bytes.length < other.bytes.length;
}
