import { keyframesOf } from "./hls-iframes.ts";
import { SUBTITLE_GROUP, subtitleLines } from "./hls-subtitles.ts";
import type { EncodedTrack } from "./protocol.ts";
import { type Rates, ratesOf, ratesWithAudio } from "./rates.ts";
import type { SubtitleTrack } from "./subtitles.ts";

const AUDIO_GROUP = "audio";

/** Where the playlists of a track lie. */
export interface PlaylistPaths {
  media: (track: Pick<EncodedTrack, "id">) => string;
  iframes: (track: EncodedTrack) => string;
}

/**
 * The master playlist (RFC 8216 §4.3.4): audio renditions as one group, words as another, then the video renditions from the cheapest
 * to the best, each with the rates that were measured on its segments, and their keyframes. Of sound alone, the first
 * rendition is the one variant.
 */
export function masterPlaylist(
  tracks: readonly EncodedTrack[],
  subtitles: readonly SubtitleTrack[],
  paths: PlaylistPaths,
): string {
  const audio = tracks.filter((track) => track.kind === "audio");
  const video = tracks.filter((track) => track.kind === "video");
  const variants = (video.length > 0 ? video : audio.slice(0, 1))
    .map((track) => ({
      track,
      rates: ratesWithAudio(track.kind === "video" ? track : undefined, audio),
    }))
    .sort((a, b) => a.rates.average - b.rates.average || a.rates.peak - b.rates.peak);
  return [
    "#EXTM3U",
    "#EXT-X-VERSION:7",
    "#EXT-X-INDEPENDENT-SEGMENTS",
    ...audio.map((track, i) => audioLine(track, nameOf(track, i, audio), i === 0, paths.media(track))),
    ...subtitleLines(subtitles, paths.media),
    ...variants.flatMap(({ track, rates }) => [
      `${variantLine(track, audio, rates)}${subtitles.length === 0 ? "" : `,SUBTITLES="${SUBTITLE_GROUP}"`}`,
      paths.media(track),
    ]),
    ...variants.flatMap(({ track }) => iframesLine(track, paths.iframes(track))),
    "",
  ].join("\n");
}

/** Unique within the group (RFC 8216 §4.3.4.1.1). */
function nameOf(track: EncodedTrack, index: number, audio: readonly EncodedTrack[]): string {
  const language = track.language ?? (index === 0 ? "Main" : "Audio");
  const isTaken = audio.slice(0, index).some((other) => other.language === track.language);
  return isTaken ? `${language} ${index + 1}` : language;
}

function audioLine(track: EncodedTrack, name: string, isDefault: boolean, uri: string): string {
  const attributes = [
    "TYPE=AUDIO",
    `GROUP-ID="${AUDIO_GROUP}"`,
    `NAME="${name}"`,
    ...(track.language === undefined ? [] : [`LANGUAGE="${track.language}"`]),
    `DEFAULT=${isDefault ? "YES" : "NO"}`,
    "AUTOSELECT=YES",
    ...(track.channels === undefined ? [] : [`CHANNELS="${track.channels}"`]),
    `URI="${uri}"`,
  ];
  return `#EXT-X-MEDIA:${attributes.join(",")}`;
}

function variantLine(track: EncodedTrack, audio: readonly EncodedTrack[], rates: Rates): string {
  const codecs = new Set([track, ...audio].map(({ codec }) => codec));
  const { width, height } = track;
  const frameRate = track.maxFrameRate ?? track.frameRate;
  const attributes = [
    `BANDWIDTH=${rates.peak}`,
    `AVERAGE-BANDWIDTH=${rates.average}`,
    `CODECS="${[...codecs].join(",")}"`,
    ...(width === undefined || height === undefined ? [] : [`RESOLUTION=${width}x${height}`]),
    ...(frameRate === undefined ? [] : [`FRAME-RATE=${frameRate.toFixed(3)}`]),
    ...(audio.length === 0 ? [] : [`AUDIO="${AUDIO_GROUP}"`]),
    "CLOSED-CAPTIONS=NONE",
  ];
  return `#EXT-X-STREAM-INF:${attributes.join(",")}`;
}

function iframesLine(track: EncodedTrack, uri: string): string[] {
  const keyframes = keyframesOf(track);
  if (keyframes.length === 0) return [];
  const { peak, average } = ratesOf(keyframes);
  const { width, height } = track;
  const attributes = [
    `BANDWIDTH=${peak}`,
    `AVERAGE-BANDWIDTH=${average}`,
    `CODECS="${track.codec}"`,
    ...(width === undefined || height === undefined ? [] : [`RESOLUTION=${width}x${height}`]),
    `URI="${uri}"`,
  ];
  return [`#EXT-X-I-FRAME-STREAM-INF:${attributes.join(",")}`];
}
