import { z } from "zod";

/** Each sample is encoded at both, so that what lies between and near them can be told. */
export const PROBE_CRFS = [20, 32] as const;

/** How hard a picture is to encode: what two encodes of small copies of some seconds of it came to. */
export const complexity = z.object({
  /** Stretches of the video that were encoded. */
  samples: z.int().positive(),
  points: z.tuple([
    z.object({ crf: z.number(), bitsPerPixel: z.number().positive(), ssim: z.number() }),
    z.object({ crf: z.number(), bitsPerPixel: z.number().positive(), ssim: z.number() }),
  ]),
});
export type Complexity = z.infer<typeof complexity>;
export type ComplexityPoint = Complexity["points"][number];

/** Why nothing was learned of it: a code of `errors.ts`, and a sentence. */
export const complexityFailure = z.object({ code: z.string(), message: z.string() });
export type ComplexityFailure = z.infer<typeof complexityFailure>;

/** What is aimed at, dB of structural similarity: film at CRF 22 has it. */
const TARGET_DB = 17.5;
/** Beyond this nobody sees a difference, and a still picture measures infinite, dB. */
const MAX_DB = 40;
/** Less than this between the two encodes: CRF makes no difference to this picture, dB. */
const MIN_SPREAD_DB = 0.5;

/** The CRF at which a picture looks as good as film does at CRF 22; infinite for one that always does. */
export function crfForQuality({ points: [fine, coarse] }: Complexity): number {
  const [fineDb, coarseDb] = [decibels(fine.ssim), decibels(coarse.ssim)];
  const spread = fineDb - coarseDb;
  if (spread < MIN_SPREAD_DB) {
    return fineDb > TARGET_DB ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  }
  return fine.crf + ((fineDb - TARGET_DB) / spread) * (coarse.crf - fine.crf);
}

/** Bits a pixel takes at a CRF: their logarithm falls evenly with it. */
export function bitsPerPixelAt({ points: [fine, coarse] }: Complexity, crf: number): number {
  const way = (crf - fine.crf) / (coarse.crf - fine.crf);
  return fine.bitsPerPixel * (coarse.bitsPerPixel / fine.bitsPerPixel) ** way;
}

function decibels(ssim: number): number {
  return Math.min(MAX_DB, -10 * Math.log10(Math.max(1e-10, 1 - ssim)));
}
