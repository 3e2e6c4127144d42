import { z } from "zod";
import { type FfmpegSetting, globalArgs } from "./ffmpeg-args.ts";
import { fitFrame } from "./frame-size.ts";
import { onScreenAtRate, openOnScreen } from "./on-screen.ts";
import type { SourceDescription, VideoDescription } from "./source.ts";
import { pictureFilters } from "./video-filters.ts";

/** A preview is looked at in passing; longer ones are videos. */
export const MAX_PREVIEW_SECONDS = 6;
/** Frames a second: enough to see movement, and half or a third of what video has. */
const FRAME_RATE = 10;

/** An animated WebP of some moments of the video, one after the other, without end. */
export const previewOutput = z.strictObject({
  format: z.literal("preview"),
  name: z.string(),
  /** Bounding box, px. */
  width: z.int().min(16).max(1280).optional(),
  height: z.int().min(16).max(1280).optional(),
  /** Of the preview, all moments together. */
  durationSeconds: z.number().min(0.5).max(MAX_PREVIEW_SECONDS),
  moments: z.int().min(1).max(6),
  quality: z.int().min(1).max(100),
});
export type PreviewOutput = z.infer<typeof previewOutput>;

interface Moment {
  atSeconds: number;
  seconds: number;
}

/** Equally long pieces, spread over the video; all of it where it is no longer than the preview. */
export function momentsOf(videoSeconds: number, output: PreviewOutput): Moment[] {
  const { durationSeconds, moments } = output;
  if (videoSeconds <= durationSeconds) return [{ atSeconds: 0, seconds: Math.max(videoSeconds, 0.04) }];
  const seconds = durationSeconds / moments;
  const room = videoSeconds / moments;
  return Array.from({ length: moments }, (_, i) => ({ atSeconds: i * room + (room - seconds) / 2, seconds }));
}

/** Where frames stay for long, what is on screen when a moment begins stays on for as long as it takes. */
function timing({ variableFrameRate }: VideoDescription, seconds: number): string {
  if (!variableFrameRate) return `fps=${FRAME_RATE}:eof_action=pass`;
  const length = seconds.toFixed(3);
  const held = `tpad=stop_mode=clone:stop_duration=${length}`;
  return [...onScreenAtRate(FRAME_RATE), held, `trim=end=${length}`].join(",");
}

export function previewSize(video: VideoDescription, output: PreviewOutput) {
  return fitFrame(video, { ...output, allowEnlarge: false });
}

/** One run that opens the source once for each moment. */
export function previewArgs(
  source: SourceDescription,
  video: VideoDescription,
  output: PreviewOutput,
  setting: FfmpegSetting,
  file: string,
): string[] {
  const moments = momentsOf(video.durationSeconds ?? source.durationSeconds, output);
  const inputs = moments.flatMap(({ atSeconds, seconds }) => {
    const { input } = openOnScreen(video, setting, atSeconds > 0 ? atSeconds : undefined);
    // What stays on screen is known by what comes after it, be that ever so late.
    if (video.variableFrameRate) return input;
    return [...input.slice(0, -2), "-t", seconds.toFixed(3), ...input.slice(-2)];
  });
  const picture = pictureFilters(video, previewSize(video, output), setting).join(",");
  const pieces = moments.map(({ seconds }, i) => {
    return `[${i}:V:0]${picture},${timing(video, seconds)},format=yuv420p[v${i}]`;
  });
  const joined = `${moments.map((_, i) => `[v${i}]`).join("")}concat=n=${moments.length}:v=1:a=0[out]`;
  return [
    ...globalArgs(setting),
    ...inputs,
    ...["-filter_complex", [...pieces, joined].join(";"), "-map", "[out]"],
    ...["-c:v", "libwebp_anim", "-quality", String(output.quality), "-compression_level", "4"],
    ...["-loop", "0", "-f", "webp", file],
  ];
}
