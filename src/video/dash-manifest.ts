import { element, type XmlNode } from "./dash-xml.ts";
import { frameRateFromDecimal } from "./frame-rate.ts";
import type { EncodedTrack } from "./protocol.ts";
import { ratesOf } from "./rates.ts";
import type { SubtitleTrack } from "./subtitles.ts";
import { endOfTrack } from "./verify-tracks.ts";

/**
 * How a manifest names segments: by a pattern and their numbers, for whoever can tell where a number lies, or one by
 * one with the paths where they are, for files that merely lie somewhere.
 */
export type SegmentNaming = "numbers" | "paths";

const LIVE_PROFILE = "urn:mpeg:dash:profile:isoff-live:2011";
const MAIN_PROFILE = "urn:mpeg:dash:profile:isoff-main:2011";
const CMAF_PROFILE = "urn:mpeg:dash:profile:cmaf:2019";
/** Renditions are cut at the same times and every segment starts with a keyframe that nothing reaches across. */
const ALIGNED = { segmentAlignment: "true", startWithSAP: "1" };

/** The manifest (ISO/IEC 23009-1) of a finished stream: one period, one set for the picture if there is one, one for each audio and each track of words. */
export function dashManifest(
  tracks: readonly EncodedTrack[],
  naming: SegmentNaming,
  subtitles: readonly SubtitleTrack[] = [],
): string {
  const seconds = Math.max(...tracks.map(endOfTrack));
  const duration = isoDuration(seconds);
  const video = tracks.filter((track) => track.kind === "video");
  const audio = tracks.filter((track) => track.kind === "audio");
  const sets = [
    ...(video.length === 0 ? [] : [videoSet(video, naming)]),
    ...audio.map((track, i) => audioSet(track, i, naming)),
    ...subtitles.map((track, i) => subtitleSet(track, audio.length + i + 2, seconds)),
  ];
  const root = element("MPD", {
    attributes: {
      xmlns: "urn:mpeg:dash:schema:mpd:2011",
      type: "static",
      profiles: `${naming === "numbers" ? LIVE_PROFILE : MAIN_PROFILE},${CMAF_PROFILE}`,
      mediaPresentationDuration: duration,
      maxSegmentDuration: isoDuration(longestSegment(tracks)),
      minBufferTime: isoDuration(longestSegment(video.length === 0 ? audio : video)),
    },
    children: [{ name: "Period", attributes: { id: "0", start: "PT0S", duration }, children: sets }],
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n${root}`;
}

function videoSet(video: readonly EncodedTrack[], naming: SegmentNaming): XmlNode {
  const fastest = Math.max(0, ...video.map(shownRate));
  const largest = (side: "width" | "height") => Math.max(...video.map((track) => track[side] ?? 0));
  return {
    name: "AdaptationSet",
    attributes: {
      ...{ id: "1", contentType: "video", mimeType: "video/mp4", ...ALIGNED },
      maxWidth: largest("width"),
      maxHeight: largest("height"),
      ...(fastest === 0 ? {} : { maxFrameRate: ratio(fastest) }),
    },
    children: video
      .toSorted((a, b) => ratesOf(a.segments).peak - ratesOf(b.segments).peak)
      .map((track) => representation(track, naming)),
  };
}

function audioSet(track: EncodedTrack, index: number, naming: SegmentNaming): XmlNode {
  const role = { schemeIdUri: "urn:mpeg:dash:role:2011", value: index === 0 ? "main" : "alternate" };
  return {
    name: "AdaptationSet",
    attributes: {
      ...{ id: index + 2, contentType: "audio", mimeType: "audio/mp4", ...ALIGNED },
      ...(track.language === undefined ? {} : { lang: track.language }),
    },
    children: [{ name: "Role", attributes: role }, representation(track, naming)],
  };
}

/** One file of WebVTT beside the segments (§5.3.7.2, and RFC 8216 has the same file). */
function subtitleSet(track: SubtitleTrack, id: number, seconds: number): XmlNode {
  const schemeIdUri = "urn:mpeg:dash:role:2011";
  const bandwidth = Math.ceil((track.bytes * 8) / Math.max(seconds, 1));
  return {
    name: "AdaptationSet",
    attributes: {
      ...{ id, contentType: "text", mimeType: "text/vtt" },
      ...(track.language === undefined ? {} : { lang: track.language }),
    },
    children: [
      { name: "Role", attributes: { schemeIdUri, value: track.forced ? "forced-subtitle" : "subtitle" } },
      {
        name: "Representation",
        attributes: { id: track.id, bandwidth },
        children: [{ name: "BaseURL", text: track.path }],
      },
    ],
  };
}

function representation(track: EncodedTrack, naming: SegmentNaming): XmlNode {
  const { id, codec, width, height, sampleRate, channels } = track;
  const frameRate = shownRate(track);
  return {
    name: "Representation",
    attributes: {
      ...{ id, codecs: codec, bandwidth: ratesOf(track.segments).peak },
      ...(track.kind === "audio" ? { audioSamplingRate: sampleRate } : { width, height, sar: "1:1" }),
      ...(frameRate === 0 ? {} : { frameRate: ratio(frameRate) }),
    },
    children: [
      ...(channels === undefined ? [] : [channelConfiguration(channels)]),
      naming === "numbers" ? segmentTemplate(track) : segmentList(track),
    ],
  };
}

/** Frames a second, the most where they vary (§5.3.7.2); 0 for sound. */
function shownRate({ maxFrameRate, frameRate }: EncodedTrack): number {
  return maxFrameRate ?? frameRate ?? 0;
}

function channelConfiguration(channels: number): XmlNode {
  const schemeIdUri = "urn:mpeg:dash:23003:3:audio_channel_configuration:2011";
  return { name: "AudioChannelConfiguration", attributes: { schemeIdUri, value: channels } };
}

function segmentTemplate(track: EncodedTrack): XmlNode {
  return {
    name: "SegmentTemplate",
    attributes: {
      timescale: track.timescale,
      startNumber: 1,
      initialization: "$RepresentationID$/init.mp4",
      media: "$RepresentationID$/$Number%05d$.m4s",
    },
    children: [timeline(track)],
  };
}

function segmentList(track: EncodedTrack): XmlNode {
  return {
    name: "SegmentList",
    attributes: { timescale: track.timescale },
    children: [
      { name: "Initialization", attributes: { sourceURL: track.initPath } },
      timeline(track),
      ...track.segments.map(({ path }) => ({ name: "SegmentURL", attributes: { media: path } })),
    ],
  };
}

/** Starts and lengths in ticks; runs of one length are written once (§5.3.9.6). */
function timeline({ segments, timescale }: EncodedTrack): XmlNode {
  const runs: { t: number; d: number; r: number }[] = [];
  for (const [i, { startSeconds, durationSeconds }] of segments.entries()) {
    const t = Math.round(startSeconds * timescale);
    const next = segments[i + 1]?.startSeconds ?? startSeconds + durationSeconds;
    const d = Math.round(next * timescale) - t;
    const last = runs.at(-1);
    if (last?.d === d) last.r += 1;
    else runs.push({ t, d, r: 0 });
  }
  const rows = runs.map(({ t, d, r }, i) => ({
    name: "S",
    attributes: { ...(i === 0 ? { t } : {}), d, ...(r === 0 ? {} : { r }) },
  }));
  return { name: "SegmentTimeline", children: rows };
}

function longestSegment(tracks: readonly EncodedTrack[]): number {
  return Math.max(...tracks.flatMap(({ segments }) => segments.map((segment) => segment.durationSeconds)));
}

function ratio(frameRate: number): string {
  const { numerator, denominator } = frameRateFromDecimal(frameRate);
  return denominator === 1 ? String(numerator) : `${numerator}/${denominator}`;
}

/** `PT1H2M3.5S` would be right too; seconds alone are as well, and easier to read beside the timeline. */
function isoDuration(seconds: number): string {
  return `PT${Number(seconds.toFixed(6))}S`;
}
