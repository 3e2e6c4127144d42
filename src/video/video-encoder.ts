import type { EncoderPreset } from "./encoder-preset.ts";
import type { Threads } from "./ffmpeg-args.ts";
import type { VideoDescription } from "./source.ts";
import { type FilterSupport, isHdr } from "./video-filters.ts";

interface RateControl {
  encoderPreset: EncoderPreset;
  /** x264 constant rate factor, 0–51. */
  crf: number;
  /** kbit/s; absent leaves the CRF uncapped. */
  maxrateKbps?: number | undefined;
  /** kbit */
  bufferKbps?: number | undefined;
}

/** H.264 High in 8-bit 4:2:0, which every player decodes, at a constant quality capped by a peak rate. */
export function h264Args(rate: RateControl, threads: Threads): string[] {
  const cap =
    rate.maxrateKbps === undefined
      ? []
      : ["-maxrate", `${rate.maxrateKbps}k`, "-bufsize", `${rate.bufferKbps ?? rate.maxrateKbps * 2}k`];
  return [
    ...["-c:v", "libx264", "-preset", rate.encoderPreset, "-crf", String(rate.crf), ...cap],
    ...["-profile:v", "high", "-pix_fmt", "yuv420p", "-threads", String(threads)],
  ];
}

/**
 * Frame times as they are. The encoder's clock is 1 / frame rate by default, which would round the times of a
 * variable-rate source to a grid that they do not lie on.
 */
export function frameTimeArgs(video: VideoDescription): string[] {
  return video.variableFrameRate
    ? ["-fps_mode", "vfr", "-enc_time_base", "1:90000", "-video_track_timescale", "90000"]
    : ["-fps_mode", "vfr"];
}

/** Tags of the colours that tone mapping produced; other sources keep their own. */
export function colorTagArgs(video: VideoDescription, support: FilterSupport): string[] {
  if (!isHdr(video) || !support.toneMapping) return [];
  return ["-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709"];
}

/** What must not travel from the source into a published file: tags, chapters, camera data, timecodes. */
export const STRIP_METADATA_ARGS: readonly string[] = [
  ...["-map_metadata", "-1", "-map_chapters", "-1", "-sn", "-dn"],
  ...["-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact"],
];
