import { bitrateArgs } from "./bitrate-args.ts";
import type { EncoderPreset } from "./encoder-preset.ts";
import type { Threads } from "./ffmpeg-args.ts";
import type { PictureRate } from "./picture-rate.ts";

/** SVT-AV1 counts from 13 down to 0, and its 12 is about as quick as x264's `veryfast`. */
const SVT_PRESET: Record<EncoderPreset, number> = {
  ultrafast: 12,
  superfast: 12,
  veryfast: 11,
  faster: 10,
  fast: 9,
  medium: 8,
  slow: 6,
  slower: 4,
};

/** libsvtav1. Its profile follows from the pixels. */
export function av1Args(rate: PictureRate, threads: Threads): string[] {
  return [
    ...["-c:v", "libsvtav1", "-preset", String(SVT_PRESET[rate.encoderPreset])],
    ...(rate.targetKbps === undefined ? ["-crf", String(rate.crf)] : ["-b:v", `${rate.targetKbps}k`]),
    ...bitrateArgs(rate),
    ...["-pix_fmt", rate.pixelFormat, "-svtav1-params", `lp=${threads}`],
  ];
}

/** libaom's scale ends at 8 outside of its real-time mode. */
const AOM_SPEED: Record<EncoderPreset, number> = {
  ultrafast: 8,
  superfast: 8,
  veryfast: 8,
  faster: 7,
  fast: 6,
  medium: 5,
  slow: 4,
  slower: 3,
};

/** libaom-av1: the reference, a good deal slower. */
export function libaomArgs(rate: PictureRate, threads: Threads): string[] {
  return [
    ...["-c:v", "libaom-av1", "-cpu-used", String(AOM_SPEED[rate.encoderPreset]), "-row-mt", "1"],
    ...(rate.targetKbps === undefined
      ? ["-crf", String(rate.crf), "-b:v", `${rate.maxrateKbps ?? 0}k`]
      : ["-b:v", `${rate.targetKbps}k`, ...bitrateArgs(rate)]),
    ...["-pix_fmt", rate.pixelFormat, "-threads", String(threads)],
  ];
}
