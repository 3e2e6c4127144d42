import { MediaError } from "../errors.ts";
import { type AudioPlan, audioEncoderArgs, planAudio } from "./audio-encoder.ts";
import { type FfmpegSetting, globalArgs, inputArgs } from "./ffmpeg-args.ts";
import { type FrameSize, fitFrame } from "./frame-size.ts";
import type { Mp4Output } from "./output.ts";
import type { SourceDescription, VideoDescription } from "./source.ts";
import { colorTagArgs, frameTimeArgs, h264Args, STRIP_METADATA_ARGS } from "./video-encoder.ts";
import { isHdr, pictureFilters } from "./video-filters.ts";

/** What one progressive file will be. */
export interface Mp4Plan {
  video: VideoDescription;
  size: FrameSize;
  audio: AudioPlan | undefined;
  output: Mp4Output;
}

/** @throws {MediaError} `no_video_stream` when the source has only audio. */
export function planMp4(source: SourceDescription, output: Mp4Output): Mp4Plan {
  const { video } = source;
  if (video === undefined) {
    throw new MediaError(
      "no_video_stream",
      "An MP4 video needs a video stream, and this file has only audio.",
    );
  }
  return { video, size: fitFrame(video, output), audio: planAudio(source, output.audioKbps), output };
}

/** Arguments that encode the plan into the file at `outputPath`, its index moved to the front. */
export function mp4Args(plan: Mp4Plan, setting: FfmpegSetting, outputPath: string): string[] {
  const { video, output, audio } = plan;
  const rate = { ...output, maxrateKbps: output.maxVideoKbps };
  return [
    ...globalArgs(setting),
    ...inputArgs(setting),
    ...["-map", "0:V:0", "-vf", pictureFilters(video, plan.size, setting).join(",")],
    ...h264Args(rate, setting.threads),
    ...frameTimeArgs(video),
    ...colorTagArgs(video, setting),
    ...(audio === undefined ? ["-an"] : ["-map", `0:a:${audio.trackIndex}`, ...audioEncoderArgs(audio)]),
    ...STRIP_METADATA_ARGS,
    ...["-max_muxing_queue_size", "4096", "-movflags", "+faststart", "-f", "mp4", outputPath],
  ];
}

/** Sentences for the job about what could not be done as well as it should. */
export function notesOnColor(video: VideoDescription, setting: FfmpegSetting): string[] {
  if (!isHdr(video) || setting.toneMapping) return [];
  return ["The source is HDR and this ffmpeg has no tone mapping, so colours may look washed out."];
}
