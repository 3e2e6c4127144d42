import type { EncoderPreset } from "./encoder-preset.ts";
import type { Threads } from "./ffmpeg-args.ts";
import type { PictureRate } from "./picture-rate.ts";

/** Its real-time mode begins above, which learns nothing for a second pass. */
const MAX_GOOD_SPEED = 5;

/** libvpx: how much it looks for, 0 the most. */
const SPEED: Record<EncoderPreset, number> = {
  ultrafast: 8,
  superfast: 7,
  veryfast: 5,
  faster: 4,
  fast: 3,
  medium: 2,
  slow: 1,
  slower: 0,
};

/** libvpx-vp9. A constant quality is a rate of 0; capped, the rate is the cap (webmproject.org, VOD settings). */
export function vp9Args(rate: PictureRate, threads: Threads): string[] {
  const most = rate.pass === undefined ? 8 : MAX_GOOD_SPEED;
  const speed = Math.min(SPEED[rate.encoderPreset], most);
  return [
    ...[
      "-c:v",
      "libvpx-vp9",
      "-deadline",
      speed > MAX_GOOD_SPEED ? "realtime" : "good",
      "-cpu-used",
      String(speed),
    ],
    ...["-row-mt", "1", ...rateArgs(rate)],
    ...["-profile:v", rate.profile, "-pix_fmt", rate.pixelFormat],
    ...(rate.pass === undefined
      ? []
      : ["-pass", String(rate.pass.number), "-passlogfile", rate.pass.logFile]),
    ...["-threads", String(threads)],
  ];
}

function rateArgs({ crf, targetKbps, maxrateKbps, bufferKbits }: PictureRate): string[] {
  if (targetKbps === undefined) return ["-crf", String(crf), "-b:v", `${maxrateKbps ?? 0}k`];
  const peak = maxrateKbps ?? targetKbps * 2;
  return ["-b:v", `${targetKbps}k`, "-maxrate", `${peak}k`, "-bufsize", `${bufferKbits ?? peak * 2}k`];
}
