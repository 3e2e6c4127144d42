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
  const rising = [...variants].sort((a, b) => a.shortSidePx - b.shortSidePx || a.videoKbps - b.videoKbps);
  const fitting = rising.filter((variant) => variant.shortSidePx <= Math.min(video.width, video.height));
  const lowest = rising[0];
  if (fitting.length === 0 && lowest !== undefined) return [toRendition(lowest, evenSize(video))];
  const renditions = fitting.map((variant) =>
    toRendition(variant, scaleToShortSide(video, variant.shortSidePx)),
  );
  const distinct = renditions.filter(({ id }, i) => id !== renditions[i + 1]?.id);
  return isFast(video) ? distinct.map(slowedBelow(distinct.length - 1)) : distinct;
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
    id: `${Math.min(size.width, size.height)}p`,
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
