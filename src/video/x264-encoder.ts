import { bitrateArgs } from "./bitrate-args.ts";
import type { Threads } from "./ffmpeg-args.ts";
import type { PictureRate } from "./picture-rate.ts";

/** libx264, whose terms the others are translated from. */
export function x264Args(rate: PictureRate, threads: Threads): string[] {
  return [
    ...["-c:v", "libx264", "-preset", rate.encoderPreset],
    ...(rate.tune === undefined ? [] : ["-tune", rate.tune]),
    ...(rate.targetKbps === undefined ? ["-crf", String(rate.crf)] : ["-b:v", `${rate.targetKbps}k`]),
    ...bitrateArgs(rate),
    ...["-profile:v", rate.profile, "-pix_fmt", rate.pixelFormat],
    ...(rate.level === undefined ? [] : ["-level:v", rate.level]),
    ...(rate.pass === undefined
      ? []
      : ["-pass", String(rate.pass.number), "-passlogfile", rate.pass.logFile]),
    ...["-threads", String(threads)],
  ];
}
