import { CONTAINERS, VIDEO_CODEC_RULES } from "./codecs.ts";
import { cutArgs, cutFilters } from "./cut.ts";
import type { EncoderChoice } from "./encoder-chain.ts";
import { type FfmpegSetting, globalArgs, inputArgs } from "./ffmpeg-args.ts";
import { fileAudioArgs } from "./file-audio.ts";
import type { FileOutput } from "./file-output.ts";
import type { FilePlan } from "./file-plan.ts";
import { HDR_PIXEL_FORMAT, hdrTagArgs, keepsHdr } from "./kept-hdr.ts";
import { overlayGraph, overlayInput } from "./overlay.ts";
import type { EncoderPass, PictureRate } from "./picture-rate.ts";
import { colorTagArgs, frameTimeArgs, STRIP_METADATA_ARGS } from "./video-encoder.ts";
import { deinterlaceFilters, finishFilters } from "./video-filters.ts";

/** Arguments that encode the plan into the file at `outputPath`, its index moved to the front. */
export function fileArgs(
  plan: FilePlan,
  choice: EncoderChoice,
  setting: FfmpegSetting,
  outputPath: string,
  pass?: EncoderPass,
): string[] {
  const { output, audio } = plan;
  return [
    ...pictureArgs(plan, choice, setting, pass),
    ...(audio === undefined ? ["-an"] : fileAudioArgs(audio, output)),
    ...STRIP_METADATA_ARGS,
    ...["-max_muxing_queue_size", "4096", ...CONTAINERS[output.format].muxer, outputPath],
  ];
}

/** Arguments of the first of two passes: the picture is looked at, and nothing is written but what was seen. */
export function firstPassArgs(
  plan: FilePlan,
  choice: EncoderChoice,
  setting: FfmpegSetting,
  logFile: string,
): string[] {
  return [
    ...pictureArgs(plan, choice, setting, { number: 1, logFile }),
    ...["-an", "-sn", "-dn", "-f", "null", "-"],
  ];
}

function pictureArgs(
  plan: FilePlan,
  { encoder, output }: EncoderChoice,
  setting: FfmpegSetting,
  pass: EncoderPass | undefined,
): string[] {
  const { video } = plan;
  const input = inputArgs(setting);
  return [
    ...globalArgs(setting),
    ...[...input.slice(0, -2), ...cutArgs(plan.cut), ...input.slice(-2)],
    ...overlayInput(setting.overlay),
    ...pictureMap(plan, output, setting),
    ...encoder.args(rateOf(plan, output, pass), setting.threads),
    ...keyframeArgs(plan),
    ...timeArgs(plan),
    ...(keepsHdr(video, output) ? hdrTagArgs(video) : colorTagArgs(video, setting)),
    ...(output.videoCodec === "h265" && output.format === "mp4" ? ["-tag:v", "hvc1"] : []),
  ];
}

function pictureMap(plan: FilePlan, output: FileOutput, setting: FfmpegSetting): string[] {
  const filters = filtersOf(plan, output, setting);
  if (setting.overlay === undefined) return ["-map", "0:V:0", "-vf", filters.join(",")];
  const frames = { size: plan.layout.size, pixelFormat: output.pixelFormat ?? "yuv420p" };
  return ["-filter_complex", overlayGraph(filters, setting.overlay, frames, "[v]"), "-map", "[v]"];
}

function filtersOf(
  { video, layout, cut, frameRate }: FilePlan,
  output: FileOutput,
  { toneMapping }: FfmpegSetting,
): string[] {
  const support = { toneMapping: toneMapping && !keepsHdr(video, output) };
  return [
    ...deinterlaceFilters(video),
    ...cutFilters(video, cut, frameRate),
    ...layout.before,
    ...finishFilters(video, layout.scaled, support),
    ...layout.after,
  ];
}

function rateOf(plan: FilePlan, output: FileOutput, pass: EncoderPass | undefined): PictureRate {
  const isKept = keepsHdr(plan.video, output);
  const { pixelFormat = isKept ? HDR_PIXEL_FORMAT : "yuv420p", videoCodec = "h264" } = output;
  const { profiles } = VIDEO_CODEC_RULES[videoCodec];
  const [suitable = "high"] =
    Object.entries(profiles).find(([, formats]) => formats.includes(pixelFormat)) ?? [];
  return {
    encoderPreset: output.encoderPreset,
    crf: output.crf,
    targetKbps: output.targetVideoKbps,
    maxrateKbps: plan.output.maxVideoKbps,
    bufferKbits: output.bufferKbits,
    profile: output.codecProfile ?? suitable,
    pixelFormat,
    level: output.level,
    tune: output.tune,
    pass,
    light: isKept ? plan.video.light : undefined,
  };
}

function keyframeArgs({ output, video }: FilePlan): string[] {
  const { keyframeSeconds, frameRate = video.frameRate } = output;
  if (keyframeSeconds === undefined) return [];
  return ["-g", String(Math.max(1, Math.round(keyframeSeconds * frameRate)))];
}

/** The clock of a variable rate is fine; only MP4 has to be told that of its track. */
function timeArgs({ video, frameRate, output }: FilePlan): string[] {
  if (frameRate !== undefined) return ["-fps_mode", "cfr", "-r", frameRate];
  const args = frameTimeArgs(video);
  return output.format === "mp4" ? args : args.filter((_, i) => !isTrackClock(args, i));
}

function isTrackClock(args: readonly string[], i: number): boolean {
  return args[i] === "-video_track_timescale" || args[i - 1] === "-video_track_timescale";
}
