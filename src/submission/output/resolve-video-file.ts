import type { EncoderPreset, Mp4Output } from "../../video/output.ts";
import type { NamedSpecification } from "../name-outputs.ts";

export function videoFileOf(specification: NamedSpecification): Mp4Output {
  return {
    format: "mp4",
    name: specification.name,
    width: specification.width,
    height: specification.height,
    allowEnlarge: specification.allow_enlarge ?? false,
    crf: crfOf(specification),
    maxVideoKbps: specification.max_bitrate,
    audioKbps: specification.audio_bitrate ?? 128,
    encoderPreset: encoderPresetOf(specification),
  };
}

/** x264's constant rate factor for each quality word; 23 is its default. */
const CRF = { low: 28, medium: 25, high: 22, maximum: 18 } as const;

export function crfOf({ crf, quality }: NamedSpecification): number {
  return crf ?? (typeof quality === "string" ? CRF[quality] : CRF.high);
}

export function encoderPresetOf({ encoder_preset }: NamedSpecification): EncoderPreset {
  return encoder_preset ?? "veryfast";
}
