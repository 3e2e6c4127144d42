import { MediaError } from "../errors.ts";
import { planAudio } from "./audio-encoder.ts";
import { type FfmpegSetting, globalArgs, inputArgs } from "./ffmpeg-args.ts";
import { correctingFilter, type LOUDNESS_WORDS, type Loudness, measuringFilter } from "./loudness.ts";
import type { LoudnessTarget, SoundFormat, SoundOutput } from "./sound-output.ts";
import type { SourceDescription } from "./source.ts";
import { STRIP_METADATA_ARGS } from "./video-encoder.ts";

export const SOUND_MIME: Record<SoundFormat, string> = {
  m4a: "audio/mp4",
  mp3: "audio/mpeg",
  ogg: "audio/ogg",
};

const MUXERS: Record<SoundFormat, string[]> = {
  m4a: ["-movflags", "+faststart", "-f", "ipod"],
  mp3: ["-f", "mp3"],
  ogg: ["-f", "ogg"],
};

const ENCODERS = { aac: "aac", mp3: "libmp3lame", opus: "libopus", vorbis: "libvorbis" } as const;

/** What one file of sound will be. */
export interface SoundPlan {
  trackIndex: number;
  channels: number;
  /** Hz */
  sampleRate: number;
  startSeconds: number;
  /** Length that is kept, s. */
  durationSeconds: number;
  output: SoundOutput;
}

/**
 * @throws {MediaError} `no_audio_stream` when the source has no sound that can be decoded, `impossible_output` when
 * nothing is left of it between start and end.
 */
export function planSound(source: SourceDescription, output: SoundOutput): SoundPlan {
  const audio = requireSound(source);
  const startSeconds = output.startSeconds ?? 0;
  const end = Math.min(output.endSeconds ?? source.durationSeconds, source.durationSeconds);
  if (end <= startSeconds) {
    throw new MediaError(
      "impossible_output",
      `The file ends at ${source.durationSeconds.toFixed(2)} s, before ${output.name} begins.`,
    );
  }
  return {
    trackIndex: audio.trackIndex,
    channels: output.channels ?? audio.channels,
    sampleRate: output.sampleRate ?? (output.codec === "opus" ? 48_000 : audio.sampleRate),
    startSeconds,
    durationSeconds: end - startSeconds,
    output,
  };
}

/** @throws {MediaError} `no_audio_stream` */
export function requireSound(source: SourceDescription) {
  const audio = planAudio(source, 0);
  if (audio !== undefined) return audio;
  throw new MediaError("no_audio_stream", "The file has no sound that could be decoded.");
}

/** The first pass: nothing is written, and the loudness is printed. */
export function measuringArgs(plan: SoundPlan, target: LoudnessTarget, setting: FfmpegSetting): string[] {
  return [
    ...openArgs(plan, setting),
    ...["-af", [...layoutFilters(plan), measuringFilter(target)].join(","), "-v", "info", "-f", "null", "-"],
  ];
}

/** Encodes the sound; `measured` is what the first pass found, where loudness is to be corrected. */
export function soundArgs(
  plan: SoundPlan,
  setting: FfmpegSetting,
  outputPath: string,
  measured?: Loudness | typeof LOUDNESS_WORDS,
): string[] {
  const { output, channels, sampleRate } = plan;
  const correct =
    output.loudness === undefined || measured === undefined
      ? []
      : [correctingFilter(output.loudness, measured), `aresample=${sampleRate}`];
  return [
    ...openArgs(plan, setting),
    ...["-af", [...layoutFilters(plan), ...correct].join(",")],
    ...["-c:a", ENCODERS[output.codec], "-b:a", `${output.kbps}k`],
    ...["-ac", String(channels), "-ar", String(sampleRate)],
    ...STRIP_METADATA_ARGS,
    ...(correct.length === 0 ? [] : ["-v", "info"]),
    ...[...MUXERS[output.format], outputPath],
  ];
}

function openArgs(plan: SoundPlan, setting: FfmpegSetting): string[] {
  const input = inputArgs(setting, plan.startSeconds > 0 ? plan.startSeconds : undefined);
  const isCut = plan.startSeconds > 0 || plan.output.endSeconds !== undefined;
  return [
    ...globalArgs(setting),
    ...input.slice(0, -2),
    ...(isCut ? ["-t", plan.durationSeconds.toFixed(6)] : []),
    ...input.slice(-2),
    ...["-vn", "-map", `0:a:${plan.trackIndex}`],
  ];
}

/** Gaps become silence; the mix is made first, so that what is measured is what is heard. */
function layoutFilters({ channels, sampleRate }: SoundPlan): string[] {
  const layout = channels === 1 ? "mono" : "stereo";
  return [`aresample=${sampleRate}:async=1:first_pts=0`, `aformat=channel_layouts=${layout}`];
}
