import { bitrateArgs } from "./bitrate-args.ts";
import type { Threads } from "./ffmpeg-args.ts";
import { x265LightParams } from "./kept-hdr.ts";
import type { PictureRate } from "./picture-rate.ts";

/** libx265. `hvc1` keeps the parameter sets in the index, as Apple's players ask for. */
export function x265Args(rate: PictureRate, threads: Threads): string[] {
  const { pass } = rate;
  const params = [
    "log-level=error",
    "info=0",
    `pools=${threads}`,
    ...(rate.level === undefined ? [] : [`level-idc=${rate.level}`]),
    ...(rate.light === undefined ? [] : x265LightParams(rate.light)),
    ...(pass === undefined ? [] : [`pass=${pass.number}`, `stats=${pass.logFile}`]),
  ];
  return [
    ...["-c:v", "libx265", "-preset", rate.encoderPreset],
    ...(rate.tune === undefined ? [] : ["-tune", rate.tune]),
    ...(rate.targetKbps === undefined ? ["-crf", String(rate.crf)] : ["-b:v", `${rate.targetKbps}k`]),
    ...bitrateArgs(rate),
    ...["-profile:v", rate.profile, "-pix_fmt", rate.pixelFormat],
    ...["-x265-params", params.join(":")],
  ];
}
