import { type FfmpegSetting, globalArgs, inputArgs } from "./ffmpeg-args.ts";
import { type FrameSize, scaleToShortSide } from "./frame-size.ts";
import { onScreenEvery, openOnScreen } from "./on-screen.ts";
import type { SourceDescription, VideoDescription } from "./source.ts";
import { pictureFilters } from "./video-filters.ts";

/** Short side of the copies that frames are judged by, px. */
const SAMPLE_SHORT_SIDE_PX = 120;
/** Up to this length one decode of everything is quicker than a seek for each sample. */
const MAX_WHOLE_SECONDS = 60;
const SAMPLES_OF_WHOLE = 48;
const SAMPLES_BY_SEEKING = 24;

/** Runs of ffmpeg that write small grey frames, one after the other, for choosing among them. */
export interface SamplePlan {
  size: FrameSize;
  runs: { args: string[]; file: string /** Of each frame that the run may write, s. */; times: number[] }[];
}

/** At most 48 frames, however long the video is: of a long one, each is sought by itself. */
export function planSamples(
  source: SourceDescription,
  video: VideoDescription,
  setting: FfmpegSetting,
): SamplePlan {
  const size = scaleToShortSide(video, Math.min(SAMPLE_SHORT_SIDE_PX, video.width, video.height));
  const filters = pictureFilters(video, size, setting);
  const seconds = video.durationSeconds ?? source.durationSeconds;
  if (seconds > MAX_WHOLE_SECONDS) {
    const times = evenly(seconds, SAMPLES_BY_SEEKING);
    const runs = times.map((at, i) => {
      const file = `sample-${i}.gray`;
      const { input, filters: first } = openOnScreen(video, setting, at);
      const args = grayArgs(setting, input, [...first, ...filters], ["-frames:v", "1"], file);
      return { args, file, times: [at] };
    });
    return { size, runs };
  }
  const step = wholeFrames(Math.max(seconds / SAMPLES_OF_WHOLE, 1 / video.frameRate), video.frameRate);
  const times = Array.from({ length: SAMPLES_OF_WHOLE }, (_, i) => i * step);
  const through = [...onScreenEvery(step), ...filters];
  const args = grayArgs(setting, inputArgs(setting), through, [], "samples.gray");
  return { size, runs: [{ args, file: "samples.gray", times }] };
}

/** Up to the whole number of frames, so that samples lie on frames. */
function wholeFrames(seconds: number, frameRate: number): number {
  return Math.ceil(seconds * frameRate - 0.01) / frameRate;
}

/** The middles of equal parts of the video. */
function evenly(seconds: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => ((i + 0.5) / count) * seconds);
}

function grayArgs(
  setting: FfmpegSetting,
  input: string[],
  filters: string[],
  selection: string[],
  file: string,
): string[] {
  return [
    ...globalArgs(setting),
    ...input,
    ...["-map", "0:V:0", "-an", "-vf", filters.join(","), ...selection],
    ...["-fps_mode", "passthrough", "-pix_fmt", "gray", "-c:v", "rawvideo", "-f", "rawvideo", file],
  ];
}
