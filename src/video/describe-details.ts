import { KEYFRAME_PACKETS } from "./ffmpeg-args.ts";
import type { FfprobeReport, FfprobeStream } from "./ffprobe-report.ts";
import type { SourceDescription, VideoDescription } from "./source.ts";

/** A title may be anything; it is shown and never interpreted. */
const MAX_TITLE_CHARACTERS = 200;
/** Files can hold any number of chapters. */
const MAX_CHAPTERS = 1_000;

/** What nobody plans by, but a reader of the metadata wants to know of a video track. */
export function describeBitstream(stream: FfprobeStream): Partial<VideoDescription> {
  return known({
    profile: stream.profile,
    // ffprobe says -99 where a codec has no levels, or does not tell.
    level: stream.level !== undefined && stream.level > 0 ? Math.round(stream.level) : undefined,
    bitrateKbps: kbps(stream),
    averageFrameRate: ratio(stream.avg_frame_rate),
    nominalFrameRate: ratio(stream.r_frame_rate),
    pixelAspect: ratio(stream.sample_aspect_ratio),
    displayAspect: ratio(stream.display_aspect_ratio),
    colorSpace: stream.color_space,
    colorPrimaries: stream.color_primaries,
    colorRange: stream.color_range,
  });
}

/** The same of a track of sound. */
export function describeSound(stream: FfprobeStream): Partial<SourceDescription["audio"][number]> {
  return known({
    profile: stream.profile,
    channelLayout: stream.channel_layout,
    bitrateKbps: kbps(stream),
  });
}

export function describeChapters({ chapters }: FfprobeReport): Pick<SourceDescription, "chapters"> {
  const told = chapters.slice(0, MAX_CHAPTERS).flatMap(({ start_time, end_time, tags }) => {
    if (start_time === undefined || end_time === undefined || end_time < start_time) return [];
    const title = tags?.title?.slice(0, MAX_TITLE_CHARACTERS);
    return [{ startSeconds: start_time, endSeconds: end_time, ...(title === undefined ? {} : { title }) }];
  });
  return told.length === 0 ? {} : { chapters: told };
}

/** A frame that is missing makes a gap of two; times are rounded by much less. */
const IRREGULAR_GAP = 1.6;
/** Frames travel out of order by less than this, so the last ones of a part of the file may lack some between them. */
const REORDERED = 20;

/** What the first packets of the picture tell: the CSV of `keyframeProbeArgs`, with times in s. */
export interface PacketTimes {
  /** Longest distance of two keyframes that follow each other; absent when there are fewer than two. */
  keyframeSeconds?: number;
  /** Frames do not follow each other at one distance, whatever rate the container names. */
  irregular: boolean;
}

export function readPacketTimes(csv: string): PacketTimes {
  const packets = csv.split("\n").flatMap((line) => {
    const [time = "", flags = ""] = line.split(",");
    return time === "" ? [] : [{ time: Number(time), isKey: flags.startsWith("K") }];
  });
  if (packets.some(({ time }) => !Number.isFinite(time))) return { irregular: false };
  const keyTimes = packets.flatMap(({ time, isKey }) => (isKey ? [time] : []));
  const longest = Math.max(...gapsOf(keyTimes));
  const isCut = packets.length >= KEYFRAME_PACKETS;
  const gaps = gapsOf(packets.map(({ time }) => time)).slice(0, isCut ? -REORDERED : undefined);
  const usual = gaps.toSorted((x, y) => x - y)[Math.floor(gaps.length / 2)] ?? 0;
  return {
    ...(longest > 0 && { keyframeSeconds: Math.round(longest * 1000) / 1000 }),
    irregular: usual > 0 && gaps.some((gap) => isUnlike(gap, usual)),
  };
}

function isUnlike(gap: number, usual: number): boolean {
  return gap > usual * IRREGULAR_GAP || (gap > 0 && gap * IRREGULAR_GAP < usual);
}

function gapsOf(times: readonly number[]): number[] {
  const inOrder = times.toSorted((x, y) => x - y);
  return inOrder.slice(1).map((time, i) => time - (inOrder[i] ?? 0));
}

function kbps({ bit_rate: bitrate }: FfprobeStream): number | undefined {
  return bitrate === undefined || bitrate <= 0 ? undefined : Math.round(bitrate / 1000);
}

/** `0/0`, `0:1` and the like mean that nobody knows. */
function ratio(text: string | undefined): string | undefined {
  return text !== undefined && /^[1-9]\d*[:/][1-9]\d*$/.test(text) ? text : undefined;
}

function known<T extends Record<string, unknown>>(values: T): { [K in keyof T]?: NonNullable<T[K]> } {
  const told = Object.entries(values).filter(([, value]) => value !== undefined && value !== "unknown");
  return Object.fromEntries(told) as { [K in keyof T]?: NonNullable<T[K]> };
}
