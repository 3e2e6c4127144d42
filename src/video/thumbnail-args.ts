import { MediaError } from "../errors.ts";
import { type FfmpegSetting, globalArgs, inputArgs } from "./ffmpeg-args.ts";
import { openOnScreen } from "./on-screen.ts";
import type { SourceDescription, VideoDescription } from "./source.ts";
import { pictureFilters } from "./video-filters.ts";

/** Lengths of the tail to look for the last frame in, seconds; the last one means the whole file. */
const TAILS_SECONDS = [3, 30, Number.POSITIVE_INFINITY];

const PNG_ARGS = [
  ...["-fps_mode", "passthrough", "-pix_fmt", "rgb24", "-c:v", "png", "-compression_level", "1"],
  ...["-f", "image2"],
];

/**
 * Runs of ffmpeg to try in order until one writes a PNG to `outputPath`. The first takes the frame that is on screen
 * at `atSeconds`; when the video is over by then, the others find its last frame, from ever further back. Of a file
 * that is sound with cover art, the cover is taken at any time.
 * @throws {MediaError} `no_video_stream` when the source has only audio.
 */
export function thumbnailRuns(
  source: SourceDescription,
  atSeconds: number,
  setting: FfmpegSetting,
  outputPath: string,
): string[][] {
  const { video } = source;
  if (video === undefined) return [coverArgs(source, setting, outputPath)];
  const start = frameStart(video, atSeconds);
  const { input, filters } = openOnScreen(video, setting, start > 0 ? start : undefined);
  const atFrame = pictureArgs(video, setting, { input, filters }, ["-frames:v", "1"], outputPath);
  const tails = TAILS_SECONDS.map((tail) => {
    const start = Math.max(0, source.durationSeconds - tail);
    const input = inputArgs(setting, start > 0 ? start : undefined);
    return pictureArgs(video, setting, { input, filters: [] }, ["-update", "1"], outputPath);
  });
  return atSeconds < source.durationSeconds ? [atFrame, ...tails] : tails;
}

function coverArgs(source: SourceDescription, setting: FfmpegSetting, outputPath: string): string[] {
  const { attachedPicture: cover } = source;
  if (cover === undefined) {
    throw new MediaError("no_video_stream", "A thumbnail needs video, and this file has only audio.");
  }
  return [
    ...globalArgs(setting),
    ...inputArgs(setting),
    ...["-map", `0:${cover.index}`, "-frames:v", "1", ...PNG_ARGS, outputPath],
  ];
}

/**
 * Half a frame before the frame that is on screen at the time, s: seeking takes the first frame at or after a time,
 * and container times are rounded.
 */
function frameStart(video: VideoDescription, atSeconds: number): number {
  if (video.variableFrameRate) return atSeconds;
  const frame = Math.floor(atSeconds * video.frameRate + 0.001);
  return Math.max(0, (frame - 0.5) / video.frameRate);
}

function pictureArgs(
  video: VideoDescription,
  setting: FfmpegSetting,
  { input, filters }: { input: string[]; filters: string[] },
  selection: string[],
  outputPath: string,
): string[] {
  return [
    ...globalArgs(setting),
    ...input,
    ...["-map", "0:V:0", "-vf", [...filters, ...pictureFilters(video, video, setting)].join(",")],
    ...selection,
    ...PNG_ARGS,
    outputPath,
  ];
}
