import { targetDurationSeconds } from "./hls-media.ts";
import type { EncodedTrack, Segment } from "./protocol.ts";

/** bit/s, rounded up */
export interface Rates {
  peak: number;
  average: number;
}

type Timed = Pick<Segment, "bytes" | "durationSeconds">;

/** Video, if there is any, plus the dearest audio of its group: what the network must carry to play the variant. */
export function ratesWithAudio(video: EncodedTrack | undefined, audio: readonly EncodedTrack[]): Rates {
  const own = video?.segments ?? [];
  const dearest = (rate: (track: EncodedTrack) => number) => Math.max(0, ...audio.map(rate));
  return {
    peak: Math.ceil(peakRate(own) + dearest((track) => peakRate(track.segments))),
    average: Math.ceil(averageRate(own) + dearest((track) => averageRate(track.segments))),
  };
}

/** What one track takes by itself. */
export function ratesOf(segments: readonly Timed[]): Rates {
  return { peak: Math.ceil(peakRate(segments)), average: Math.ceil(averageRate(segments)) };
}

/**
 * The largest rate of any run of segments that lasts between 0.5 and 1.5 target durations (RFC 8216 §4.3.4.2), so
 * that a last segment of two frames does not pass for the peak.
 */
function peakRate(segments: readonly Timed[]): number {
  const target = targetDurationSeconds({ segments });
  let peak = 0;
  for (let first = 0; first < segments.length; first++) {
    for (let last = first + 1; last <= segments.length; last++) {
      const run = segments.slice(first, last);
      const seconds = secondsOf(run);
      if (seconds > 1.5 * target) break;
      if (seconds >= 0.5 * target) peak = Math.max(peak, averageRate(run));
    }
  }
  return peak === 0 ? averageRate(segments) : peak;
}

function averageRate(segments: readonly Timed[]): number {
  const bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0);
  return (bytes * 8) / Math.max(secondsOf(segments), 0.001);
}

function secondsOf(segments: readonly Timed[]): number {
  return segments.reduce((sum, segment) => sum + segment.durationSeconds, 0);
}
