import { parseColor } from "../../image/color.ts";
import { CONTAINERS, type FileFormat, type VideoCodec } from "../../video/codecs.ts";
import { translateCrf } from "../../video/crf.ts";
import type { EncoderPreset } from "../../video/encoder-preset.ts";
import type { FileOutput } from "../../video/file-output.ts";
import { watermarkOf } from "../logos.ts";
import type { NamedSpecification } from "../name-outputs.ts";
import { positionOf } from "./crop-position.ts";
import { videoProfile } from "./video-profiles.ts";

/** A progressive file, every default of its container and profile filled in. */
export function videoFileOf(
  specification: NamedSpecification,
  format: FileFormat,
  defaultLogo: string | undefined,
): FileOutput {
  const { video_codec: codec = CONTAINERS[format].video[0] } = specification;
  return {
    format,
    name: specification.name,
    width: specification.width,
    height: specification.height,
    resizeMode: specification.resize_mode,
    position: specification.crop_position && positionOf(specification.crop_position).position,
    background: backgroundOf(specification),
    allowEnlarge: specification.allow_enlarge ?? false,
    ...pictureOf(specification, codec),
    ...soundOf(specification, format),
    startSeconds: specification.start,
    endSeconds: specification.end,
    watermark: specification.watermark && watermarkOf(specification.watermark, defaultLogo),
    limits: limitsOf(specification),
  };
}

function pictureOf(specification: NamedSpecification, codec: VideoCodec) {
  const profile = videoProfile(specification.profile);
  const hasTunes = codec === "h264" || codec === "h265";
  return {
    videoCodec: codec,
    crf: specification.crf ?? translateCrf(crfOf(specification), "h264", codec),
    targetVideoKbps: specification.target_bitrate,
    maxVideoKbps: specification.max_bitrate,
    bufferKbits: specification.buffer_size,
    twoPass: specification.two_pass,
    encoderPreset: encoderPresetOf(specification),
    codecProfile: specification.codec_profile ?? (codec === "h264" ? profile?.codecProfile : undefined),
    level: specification.level,
    tune: specification.tune ?? (hasTunes ? profile?.tune : undefined),
    pixelFormat: specification.pixel_format,
    hdr: specification.hdr === "keep" ? ("keep" as const) : undefined,
    frameRate: specification.frame_rate,
    keyframeSeconds: specification.keyframe_interval,
    platform: specification.target_platform,
    allowFallback: specification.allow_fallback,
  };
}

function soundOf(specification: NamedSpecification, format: FileFormat) {
  const { audio_codec: codec = CONTAINERS[format].audio[0] } = specification;
  return {
    audioCodec: codec,
    audioKbps: specification.audio_bitrate ?? 128,
    audioChannels: specification.audio_channels,
    audioSampleRate: specification.audio_sample_rate,
  };
}

function backgroundOf({ background_color: color }: NamedSpecification): FileOutput["background"] {
  if (color === undefined) return undefined;
  const [red, green, blue] = parseColor(color);
  return [red, green, blue];
}

function limitsOf(specification: NamedSpecification): FileOutput["limits"] {
  const { timeout_seconds: timeoutSeconds, cpu_threads: threads, max_memory_mb: memory } = specification;
  if (timeoutSeconds === undefined && threads === undefined && memory === undefined) return undefined;
  return { timeoutSeconds, threads, memoryBytes: memory === undefined ? undefined : memory * 1_000_000 };
}

/** x264's constant rate factor for each quality word; 23 is its default. */
const CRF = { low: 28, medium: 25, high: 22, maximum: 18 } as const;

/** On the scale of H.264. */
export function crfOf({ crf, quality, profile }: NamedSpecification): number {
  const words = videoProfile(profile)?.crf ?? CRF;
  return crf ?? words[typeof quality === "string" ? quality : "high"];
}

export function encoderPresetOf({ encoder_preset, profile }: NamedSpecification): EncoderPreset {
  return encoder_preset ?? videoProfile(profile)?.encoderPreset ?? "veryfast";
}
