import { MediaError } from "../errors.ts";
import { evenSize, type FrameSize, scaleToShortSide } from "./frame-size.ts";
import type { RenditionSpec } from "./output.ts";
import type { SourceDescription, VideoDescription } from "./source.ts";

/** One rung, ready to encode. Sides in px, rates in kbit/s. */
export interface Rendition extends FrameSize {
  /** Unique within the ladder, safe in a path: `720p`. */
  id: string;
  videoKbps: number;
  /** Peak rate, 1.3 × videoKbps; undefined leaves the CRF of a file uncapped. */
  maxrateKbps: number | undefined;
  /** Rate-control buffer, 2 × videoKbps, kbit. */
  bufferKbps: number | undefined;
  audioKbps: number;
  /** Shows every second frame of the source only. */
  everySecondFrame?: true;
  /** Where it is not that of the output. */
  crf?: number;
}

/** From this rate on the small rungs show every second frame, frames/s: 50 and 60, and those of NTSC. */
const FAST_FRAME_RATE = 47;
/** Rungs below this short side are for networks that have better uses for their bits, px. */
const SLOW_BELOW_PX = 480;

/**
 * Picks the rungs that the source can fill, lowest first: none above its short side, one at its own size when all
 * are above. Portrait video counts by its width.
 * @throws {MediaError} `no_video_stream` when the source has no video.
 */
export function planLadder(source: SourceDescription, variants: readonly RenditionSpec[]): Rendition[] {
  const { video } = source;
  if (video === undefined) {
    throw new MediaError("no_video_stream", "A stream needs video, and this file has only audio.");
  }
  const renditions = judgeVariants(video, variants).flatMap(({ variant, verdict, size }) =>
    verdict === "kept" || verdict === "at_source_size" ? [toRendition(variant, size)] : [],
  );
  return isFast(video) ? renditions.map(slowedBelow(renditions.length - 1)) : renditions;
}

/** What becomes of a rung that was asked for: all but the first two are left out. */
export type RungVerdict = "kept" | "at_source_size" | "above_source" | "same_size";

export interface JudgedVariant {
  variant: RenditionSpec;
  verdict: RungVerdict;
  /** That it has, or would have. */
  size: FrameSize;
}

/** The rungs that were asked for, lowest first. Of two of one size, the better stays. */
export function judgeVariants(video: FrameSize, variants: readonly RenditionSpec[]): JudgedVariant[] {
  const rising = [...variants].sort((a, b) => a.shortSidePx - b.shortSidePx || a.videoKbps - b.videoKbps);
  const fits = ({ shortSidePx }: RenditionSpec) => shortSidePx <= Math.min(video.width, video.height);
  const fitting = rising.filter(fits);
  return rising.map((variant, i) => {
    const isOnly = fitting.length === 0 && i === 0;
    if (isOnly) return { variant, verdict: "at_source_size", size: evenSize(video) };
    const size = scaleToShortSide(video, variant.shortSidePx);
    if (!fits(variant)) return { variant, verdict: "above_source", size };
    const next = fitting[i + 1];
    const isSame = next !== undefined && idOf(scaleToShortSide(video, next.shortSidePx)) === idOf(size);
    return { variant, verdict: isSame ? "same_size" : "kept", size };
  });
}

function idOf({ width, height }: FrameSize): string {
  return `${Math.min(width, height)}p`;
}

function isFast({ frameRate, variableFrameRate }: VideoDescription): boolean {
  return frameRate > FAST_FRAME_RATE && variableFrameRate !== true;
}

/** The best rung has all frames, however small it is. */
function slowedBelow(best: number) {
  return (rendition: Rendition, i: number): Rendition =>
    i < best && Math.min(rendition.width, rendition.height) < SLOW_BELOW_PX
      ? { ...rendition, everySecondFrame: true }
      : rendition;
}

function toRendition(variant: RenditionSpec, size: FrameSize): Rendition {
  return {
    id: idOf(size),
    ...size,
    ...ratesAt(variant.videoKbps),
    audioKbps: variant.audioKbps,
  };
}

/** The same rung at another rate, kbit/s. */
export function withVideoKbps(rendition: Rendition, videoKbps: number): Rendition {
  return { ...rendition, ...ratesAt(videoKbps) };
}

function ratesAt(videoKbps: number): Pick<Rendition, "videoKbps" | "maxrateKbps" | "bufferKbps"> {
  return { videoKbps, maxrateKbps: Math.round(videoKbps * 1.3), bufferKbps: videoKbps * 2 };
}
