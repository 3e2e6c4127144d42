import type { EncoderPreset } from "./encoder-preset.ts";
import { RUNT_SECONDS } from "./runt.ts";
import type { SourceDescription } from "./source.ts";
import type { SegmentRange, StreamPlan } from "./stream-plan.ts";

/** Wall time that one chunk may take on one instance, seconds. */
const CHUNK_WORK_SECONDS = 150;

/** Pixels a second that one instance is sure to encode, over all renditions together, by x264 preset. */
const PIXELS_PER_SECOND: Record<EncoderPreset, number> = {
  ultrafast: 200e6,
  superfast: 140e6,
  veryfast: 90e6,
  faster: 60e6,
  fast: 45e6,
  medium: 35e6,
  slow: 18e6,
  slower: 9e6,
};

/** Containers whose frames are found by an index, so that decoding can begin near any time. */
const INDEXED = ["mov", "matroska", "avi"];
/** Containers that are searched by the clock in them: good enough where frames can be counted afterwards. */
const SEARCHED = ["mpegts"];

/**
 * Cuts the timeline into chunks of whole segments, as equal as can be, none longer than `maxChunkSeconds` nor more
 * work than one instance does in a few minutes. The last one takes whatever the video still has. Fewer than two are
 * none: the stream is then one task.
 *
 * @param maxChunkSeconds source seconds
 */
export function planChunks(
  source: SourceDescription,
  plan: StreamPlan,
  maxChunkSeconds: number,
): SegmentRange[] {
  if (!canBeEnteredAnywhere(source, plan)) return [];
  const { segmentSeconds } = plan.grid;
  // What is too little for a segment is no chunk either.
  const segments = Math.ceil((videoSeconds(source) - RUNT_SECONDS) / segmentSeconds);
  const wanted = Math.min(maxChunkSeconds, CHUNK_WORK_SECONDS / workPerSecond(plan));
  const largest = Math.max(1, Math.floor(wanted / segmentSeconds + 1e-6));
  const count = Math.ceil(segments / largest);
  if (count < 2) return [];
  const first = (chunk: number) => Math.round((chunk * segments) / count);
  return Array.from({ length: count }, (_, chunk) => ({
    first: first(chunk),
    end: chunk === count - 1 ? undefined : first(chunk + 1),
  }));
}

/** Source seconds in a range; what is left of the video for the last one. */
export function rangeSeconds(
  source: SourceDescription,
  plan: StreamPlan,
  { first, end }: SegmentRange,
): number {
  const { segmentSeconds } = plan.grid;
  const until = end === undefined ? videoSeconds(source) : end * segmentSeconds;
  return Math.max(0, until - first * segmentSeconds);
}

/** Length of the picture, seconds. */
export function videoSeconds(source: SourceDescription): number {
  return source.video?.durationSeconds ?? source.durationSeconds;
}

/**
 * Whether a frame can be found by its time. Where frames are counted, one that was missed is noticed; a variable rate
 * has to trust the index.
 */
function canBeEnteredAnywhere({ container }: SourceDescription, { grid }: StreamPlan): boolean {
  const among = (names: readonly string[]) => container.split(",").some((name) => names.includes(name));
  return among(INDEXED) || (grid.kind === "frames" && among(SEARCHED));
}

/** Seconds that one instance works on one second of source. */
function workPerSecond({ renditions, video, output }: StreamPlan): number {
  const pixels = renditions.reduce((sum, { width, height }) => sum + width * height, 0);
  return (pixels * video.frameRate) / PIXELS_PER_SECOND[output.encoderPreset];
}
