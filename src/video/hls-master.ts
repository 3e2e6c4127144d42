import { targetDurationSeconds } from "./hls-media.ts";
import type { EncodedTrack, Segment } from "./protocol.ts";

const AUDIO_GROUP = "audio";

/**
 * The master playlist (RFC 8216 §4.3.4): audio renditions as one group, then the video renditions from the cheapest
 * to the best, each with the rates that were measured on its segments.
 */
export function masterPlaylist(
  tracks: readonly EncodedTrack[],
  playlistPathOf: (track: EncodedTrack) => string,
): string {
  const audio = tracks.filter((track) => track.kind === "audio");
  const variants = tracks
    .filter((track) => track.kind === "video")
    .map((track) => ({ track, rates: ratesOf(track, audio) }))
    .sort((a, b) => a.rates.average - b.rates.average || a.rates.peak - b.rates.peak);
  return [
    "#EXTM3U",
    "#EXT-X-VERSION:7",
    "#EXT-X-INDEPENDENT-SEGMENTS",
    ...audio.map((track, i) => audioLine(track, i, playlistPathOf(track))),
    ...variants.flatMap(({ track, rates }) => [variantLine(track, audio, rates), playlistPathOf(track)]),
    "",
  ].join("\n");
}

function audioLine(track: EncodedTrack, index: number, uri: string): string {
  const attributes = [
    "TYPE=AUDIO",
    `GROUP-ID="${AUDIO_GROUP}"`,
    `NAME="${track.language ?? (index === 0 ? "Main" : `Audio ${index + 1}`)}"`,
    ...(track.language === undefined ? [] : [`LANGUAGE="${track.language}"`]),
    `DEFAULT=${index === 0 ? "YES" : "NO"}`,
    "AUTOSELECT=YES",
    ...(track.channels === undefined ? [] : [`CHANNELS="${track.channels}"`]),
    `URI="${uri}"`,
  ];
  return `#EXT-X-MEDIA:${attributes.join(",")}`;
}

function variantLine(track: EncodedTrack, audio: readonly EncodedTrack[], rates: Rates): string {
  const codecs = [track.codec, ...new Set(audio.map(({ codec }) => codec))];
  const { width, height, frameRate } = track;
  const attributes = [
    `BANDWIDTH=${rates.peak}`,
    `AVERAGE-BANDWIDTH=${rates.average}`,
    `CODECS="${codecs.join(",")}"`,
    ...(width === undefined || height === undefined ? [] : [`RESOLUTION=${width}x${height}`]),
    ...(frameRate === undefined ? [] : [`FRAME-RATE=${frameRate.toFixed(3)}`]),
    ...(audio.length === 0 ? [] : [`AUDIO="${AUDIO_GROUP}"`]),
    "CLOSED-CAPTIONS=NONE",
  ];
  return `#EXT-X-STREAM-INF:${attributes.join(",")}`;
}

/** bit/s, rounded up */
interface Rates {
  peak: number;
  average: number;
}

/** Video plus the dearest audio of its group: what the network must carry to play the variant. */
function ratesOf(video: EncodedTrack, audio: readonly EncodedTrack[]): Rates {
  const dearest = (rate: (track: EncodedTrack) => number) => Math.max(0, ...audio.map(rate));
  return {
    peak: Math.ceil(peakRate(video) + dearest(peakRate)),
    average: Math.ceil(averageRate(video.segments) + dearest((track) => averageRate(track.segments))),
  };
}

/**
 * The largest rate of any run of segments that lasts between 0.5 and 1.5 target durations (RFC 8216 §4.3.4.2), so
 * that a last segment of two frames does not pass for the peak.
 */
function peakRate(track: EncodedTrack): number {
  const target = targetDurationSeconds(track);
  let peak = 0;
  for (let first = 0; first < track.segments.length; first++) {
    for (let last = first + 1; last <= track.segments.length; last++) {
      const run = track.segments.slice(first, last);
      const seconds = secondsOf(run);
      if (seconds > 1.5 * target) break;
      if (seconds >= 0.5 * target) peak = Math.max(peak, averageRate(run));
    }
  }
  return peak === 0 ? averageRate(track.segments) : peak;
}

function averageRate(segments: readonly Segment[]): number {
  const bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0);
  return (bytes * 8) / Math.max(secondsOf(segments), 0.001);
}

function secondsOf(segments: readonly Segment[]): number {
  return segments.reduce((sum, segment) => sum + segment.durationSeconds, 0);
}
