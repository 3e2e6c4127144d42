import { type AudioPlan, planAudio } from "./audio-encoder.ts";
import { AUDIO_CODEC_RULES } from "./codecs.ts";
import type { FileOutput } from "./file-output.ts";
import type { SourceDescription } from "./source.ts";

/** The sound of a file, as it was asked for and as its codec can carry it; nothing where the source has none. */
export function planFileAudio(source: SourceDescription, output: FileOutput): AudioPlan | undefined {
  const audio = planAudio(source, output.audioKbps);
  if (audio === undefined) return undefined;
  const { sampleRates } = AUDIO_CODEC_RULES[output.audioCodec ?? "aac"];
  const wanted = output.audioSampleRate ?? audio.sampleRate;
  return {
    ...audio,
    channels: output.audioChannels ?? audio.channels,
    sampleRate: sampleRates.includes(wanted) ? wanted : 48_000,
  };
}

/** Gaps become silence and the first sample stands at time 0, in step with the picture. */
export function fileAudioArgs(plan: AudioPlan, output: FileOutput): string[] {
  return [
    ...["-map", `0:a:${plan.trackIndex}`, "-af", `aresample=${plan.sampleRate}:async=1:first_pts=0`],
    ...["-c:a", AUDIO_CODEC_RULES[output.audioCodec ?? "aac"].encoder, "-b:a", `${plan.kbps}k`],
    ...["-ac", String(plan.channels), "-ar", String(plan.sampleRate)],
  ];
}
