import { AUDIO_CODEC_RULES, CONTAINERS, type FileFormat } from "../../video/codecs.ts";
import type { Refuse } from "../check-output.ts";
import type { NamedSpecification } from "../name-outputs.ts";

/** The sound of a video file: what its container holds, and what the codec can be given. */
export function checkVideoSound(
  { audio_codec, audio_bitrate: kbps, audio_sample_rate: rate }: NamedSpecification,
  format: FileFormat,
  refuse: Refuse,
): void {
  const codecs: readonly string[] = CONTAINERS[format].audio;
  const codec = audio_codec ?? CONTAINERS[format].audio[0];
  if (!codecs.includes(codec)) {
    refuse("audio_codec", `${format} cannot hold ${codec}: ask for ${codecs.join(", ")}, or for mkv.`);
  }
  const rules = AUDIO_CODEC_RULES[codec];
  if (kbps !== undefined && (kbps < rules.kbps.min || kbps > rules.kbps.max)) {
    refuse("audio_bitrate", `For ${codec} it is ${rules.kbps.min}–${rules.kbps.max} kbit/s.`);
  }
  if (rate !== undefined && !rules.sampleRates.includes(rate)) {
    refuse("audio_sample_rate", `${codec} is made at ${rules.sampleRates.join(", ")} Hz.`);
  }
}
