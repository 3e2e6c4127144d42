import { parseColor } from "../../image/color.ts";
import {
  SOUND_CODECS,
  type SoundFormat,
  type SoundOutput,
  type WaveformOutput,
} from "../../video/sound-output.ts";
import type { NamedSpecification } from "../name-outputs.ts";

/** kbit/s of stereo that few can tell from the source, by codec. */
const DEFAULT_KBPS = { aac: 128, mp3: 160, opus: 96, vorbis: 128 } as const;

const DEFAULT_POINTS = 1_000;
const DEFAULT_PICTURE = { width: 1_000, height: 200 };

export function soundOf(specification: NamedSpecification): SoundOutput {
  const format = specification.format as SoundFormat;
  const codec = specification.audio_codec ?? SOUND_CODECS[format][0];
  const { loudness } = specification;
  return {
    format,
    name: specification.name,
    codec,
    kbps: specification.audio_bitrate ?? DEFAULT_KBPS[codec],
    channels: specification.audio_channels,
    sampleRate: specification.audio_sample_rate,
    startSeconds: specification.start,
    endSeconds: specification.end,
    loudness: loudness && { integrated: loudness.target, truePeak: loudness.true_peak },
  };
}

export function waveformOf(specification: NamedSpecification): WaveformOutput {
  const { name, waveform, background_color: background } = specification;
  const as = specification.format as WaveformOutput["as"];
  const width = specification.width ?? DEFAULT_PICTURE.width;
  return {
    format: "waveform",
    name,
    as,
    width,
    height: specification.height ?? DEFAULT_PICTURE.height,
    points: waveform?.points ?? (as === "json" ? DEFAULT_POINTS : width),
    color: [...parseColor(waveform?.color ?? "black")],
    background: background === undefined ? undefined : [...parseColor(background)],
  };
}
