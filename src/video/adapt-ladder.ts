import { bitsPerPixelAt, crfForQuality } from "./complexity.ts";
import { type Rendition, withVideoKbps } from "./ladder.ts";
import type { StreamOutput } from "./output.ts";
import type { SourceDescription } from "./source.ts";

/** CRF at which film looks as intended; what other pictures need is counted from there. */
const FILM_CRF = 22;
/** How far a picture may move the CRF that was chosen. */
const FINER_AT_MOST = 2;
/** To the coarser of the two encodes that were measured: beyond it nothing is known. */
const COARSER_AT_MOST = 10;
/** Bits that a pixel of film takes at that CRF. */
const FILM_BITS_PER_PIXEL = 0.06;
/** Bounds of what a picture makes of the rates of the ladder. */
const LEAST_SHARE = 0.4;
const LARGEST_SHARE = 1.3;

/** H.264 takes so many times the bits of the source's codec for what the source has to show. */
const BITS_AS_H264: Record<string, number> = { hevc: 1.7, vp9: 1.5, av1: 2, vvc: 2.5, h264: 1.2 };
const LEAST_KBPS = 100;

/**
 * The ladder for this picture: one that is easy to encode gets a coarser CRF and lower caps, a hard one the contrary,
 * so that both look alike; and no rung may take more than what the source itself has to show. The same source and
 * output always give the same, in every task.
 */
export function adaptLadder(
  ladder: readonly Rendition[],
  source: SourceDescription,
  { contentAware, crf }: Pick<StreamOutput, "contentAware" | "crf">,
): Rendition[] {
  if (contentAware !== true) return [...ladder];
  const { finer, share } = demandOf(source);
  const useful = usefulKbps(source);
  return ladder.map((rendition) => ({
    ...withVideoKbps(rendition, Math.round(Math.min(rendition.videoKbps * share, useful))),
    crf: Math.min(51, Math.max(0, crf - finer)),
  }));
}

/** What a picture asks for: how much finer a CRF (coarser below 0), and what share of the rates of the ladder. */
export function demandOf({ video }: SourceDescription): { finer: number; share: number } {
  const measured = video?.complexity;
  if (measured === undefined) return { finer: 0, share: 1 };
  const wanted = FILM_CRF - crfForQuality(measured);
  const finer = Math.round(between(-COARSER_AT_MOST, wanted, FINER_AT_MOST) * 2) / 2;
  const bits = bitsPerPixelAt(measured, FILM_CRF - finer);
  return { finer, share: between(LEAST_SHARE, bits / FILM_BITS_PER_PIXEL, LARGEST_SHARE) };
}

/** Beyond this a rung would only spend bits on what the source has lost already, kbit/s; infinite where nobody knows. */
export function usefulKbps({ bitrateKbps, video }: SourceDescription): number {
  if (bitrateKbps === undefined || bitrateKbps <= 0) return Number.POSITIVE_INFINITY;
  return Math.max(LEAST_KBPS, bitrateKbps * (BITS_AS_H264[video?.codec ?? ""] ?? 1));
}

function between(least: number, value: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
