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

/**
 * Longest distance of two keyframes that follow each other, s, in the CSV of `keyframeProbeArgs`; `undefined` when
 * there are fewer than two.
 */
export function keyframeSecondsIn(csv: string): number | undefined {
  const times = csv.split("\n").flatMap((line) => {
    const [time = "", flags = ""] = line.split(",");
    return flags.startsWith("K") && Number.isFinite(Number(time)) ? [Number(time)] : [];
  });
  const gaps = times.slice(1).map((time, i) => time - (times[i] ?? 0));
  return gaps.length === 0 ? undefined : Math.round(Math.max(...gaps) * 1000) / 1000;
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
