import { MediaError } from "../errors.ts";
import { describeBitstream, describeChapters, describeSound } from "./describe-details.ts";
import { type FfprobeReport, type FfprobeStream, ffprobeReport } from "./ffprobe-report.ts";
import { framesPerSecond, frameTimingOf } from "./frame-rate.ts";
import { languageTag, type SourceDescription, UNKNOWN_CODEC, type VideoDescription } from "./source.ts";

const INTERLACED_FIELD_ORDERS = new Set(["tt", "bb", "tb", "bt"]);
/** Pixel aspects beyond this come from broken headers. */
const MAX_PIXEL_ASPECT = 4;

/**
 * Describes a source from the JSON that ffprobe printed for it.
 * @throws {MediaError} `no_media_streams` when there is neither audio nor video, `corrupt_input` when the JSON is
 * not a report of ffprobe.
 */
export function describeSource(ffprobeJson: unknown): SourceDescription {
  const parsed = ffprobeReport.safeParse(ffprobeJson);
  if (!parsed.success) {
    throw new MediaError("corrupt_input", "The file could not be analysed.", { cause: parsed.error });
  }
  const { format, streams } = parsed.data;
  const video = streams.find(isMovingPicture);
  const audio = streams.filter((stream) => stream.codec_type === "audio");
  if (video === undefined && audio.length === 0) {
    throw new MediaError("no_media_streams", `The file (${format.format_name}) has no audio or video in it.`);
  }
  return {
    container: format.format_name,
    durationSeconds: durationOf(parsed.data),
    startSeconds: format.start_time ?? 0,
    ...(format.bit_rate === undefined ? {} : { bitrateKbps: Math.round(format.bit_rate / 1000) }),
    ...(video === undefined ? {} : { video: describeVideo(video) }),
    audio: audio.map(describeAudio),
    ...attachedPictureOf(streams),
    subtitles: streams.filter((stream) => stream.codec_type === "subtitle").map(describeSubtitle),
    ...describeChapters(parsed.data),
  };
}

function attachedPictureOf(streams: readonly FfprobeStream[]): Pick<SourceDescription, "attachedPicture"> {
  const found = streams.find((stream) => stream.disposition?.attached_pic === 1);
  const { index, codec_name: codec, width = 0, height = 0 } = found ?? {};
  if (index === undefined || codec === undefined || width <= 0 || height <= 0) return {};
  return { attachedPicture: { index, codec, width, height } };
}

/** Cover art is stored as a video stream of one picture; it is not video. */
function isMovingPicture(stream: FfprobeStream): boolean {
  const hasSize = (stream.width ?? 0) > 0 && (stream.height ?? 0) > 0;
  return stream.codec_type === "video" && stream.disposition?.attached_pic !== 1 && hasSize;
}

/**
 * Length of the media itself, seconds. Some MP4s that start late count the time before their start as theirs; then the
 * longest track tells.
 */
function durationOf({ format, streams }: FfprobeReport): number {
  const longest = Math.max(0, ...streams.map((stream) => stream.duration ?? taggedDuration(stream) ?? 0));
  if (format.duration === undefined) return longest;
  const beforeStart = format.duration - longest;
  const countsLateStart = beforeStart > 0.5 && Math.abs(beforeStart - (format.start_time ?? 0)) < 0.1;
  return Math.max(0, countsLateStart && longest > 0 ? longest : format.duration);
}

/** Matroska keeps the length of a track in a tag, as `00:00:08.008000000`. */
function taggedDuration(stream: FfprobeStream): number | undefined {
  const tag = stream.tags?.DURATION ?? stream.tags?.["DURATION-eng"];
  const match = /^(\d+):(\d+):(\d+(?:\.\d+)?)$/.exec(tag ?? "");
  if (match === null) return undefined;
  return Number(match[1]) * 3600 + Number(match[2]) * 60 + Number(match[3]);
}

function describeVideo(stream: FfprobeStream): VideoDescription {
  const interlaced = INTERLACED_FIELD_ORDERS.has(stream.field_order ?? "");
  const timing = frameTimingOf(stream.avg_frame_rate ?? "0/0", stream.r_frame_rate ?? "0/0", interlaced);
  const durationSeconds = stream.duration ?? taggedDuration(stream);
  return {
    codec: stream.codec_name ?? UNKNOWN_CODEC,
    ...pictureSize(stream),
    frameRate: framesPerSecond(timing.rate),
    frameRateRatio: `${timing.rate.numerator}/${timing.rate.denominator}`,
    variableFrameRate: timing.variable,
    ...(durationSeconds === undefined ? {} : { durationSeconds }),
    pixelFormat: stream.pix_fmt ?? UNKNOWN_CODEC,
    bitDepth: bitDepthOf(stream),
    interlaced,
    ...(stream.color_transfer === undefined ? {} : { colorTransfer: stream.color_transfer }),
    ...(stream.nb_frames === undefined ? {} : { frameCount: Math.round(stream.nb_frames) }),
    ...describeBitstream(stream),
  };
}

function pictureSize(stream: FfprobeStream) {
  const codedWidth = stream.width ?? 1;
  const codedHeight = stream.height ?? 1;
  const rotation = rotationOf(stream);
  const shown = { width: Math.max(1, Math.round(codedWidth * pixelAspectOf(stream))), height: codedHeight };
  const upright = rotation % 180 === 0 ? shown : { width: shown.height, height: shown.width };
  return { ...upright, codedWidth, codedHeight, rotation };
}

/** ffprobe counts a display matrix counter-clockwise and the older `rotate` tag clockwise. */
function rotationOf(stream: FfprobeStream): number {
  const matrix = stream.side_data_list?.find((entry) => entry.rotation !== undefined)?.rotation;
  const clockwise = matrix === undefined ? Number(stream.tags?.rotate ?? 0) : -matrix;
  const quarterTurns = Number.isFinite(clockwise) ? Math.round(clockwise / 90) : 0;
  return (((quarterTurns % 4) + 4) % 4) * 90;
}

function pixelAspectOf(stream: FfprobeStream): number {
  const match = /^(\d+):(\d+)$/.exec(stream.sample_aspect_ratio ?? "");
  const aspect = Number(match?.[1] ?? 1) / Number(match?.[2] ?? 1);
  return aspect >= 1 / MAX_PIXEL_ASPECT && aspect <= MAX_PIXEL_ASPECT ? aspect : 1;
}

/** The container may say it, otherwise the name of the pixel format does: `yuv420p10le`, `p010le`. */
function bitDepthOf(stream: FfprobeStream): number {
  const named = /(?:p|p0|gray|rgb)(9|10|12|14|16)(?:le|be)?$/.exec(stream.pix_fmt ?? "");
  return named === null ? (stream.bits_per_raw_sample ?? 8) : Number(named[1]);
}

function describeTrack(stream: FfprobeStream) {
  const language = stream.tags?.language;
  const known = language !== "und" && languageTag.safeParse(language).success;
  return { codec: stream.codec_name ?? UNKNOWN_CODEC, ...(known ? { language } : {}) };
}

function describeSubtitle(stream: FfprobeStream) {
  const { forced, default: isDefault } = stream.disposition ?? {};
  return {
    ...describeTrack(stream),
    ...(forced === 1 && { forced: true }),
    ...(isDefault === 1 && { isDefault: true }),
  };
}

function describeAudio(stream: FfprobeStream) {
  return {
    ...describeTrack(stream),
    channels: stream.channels ?? 0,
    sampleRate: Math.round(stream.sample_rate ?? 0),
    ...describeSound(stream),
  };
}
