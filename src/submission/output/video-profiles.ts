import type { EncoderPreset } from "../../video/encoder-preset.ts";

/** Settings under one name. Each of them can be overridden by its own field. */
interface VideoProfile {
  /** On the scale of H.264, for each quality word. */
  crf: Record<"low" | "medium" | "high" | "maximum", number>;
  encoderPreset: EncoderPreset;
  /** Of H.264. */
  codecProfile?: string;
  /** Of H.264 and H.265. */
  tune?: string;
}

export const VIDEO_PROFILES = {
  web: { crf: { low: 24, medium: 23, high: 22, maximum: 20 }, encoderPreset: "medium" },
  high: { crf: { low: 20, medium: 19, high: 18, maximum: 16 }, encoderPreset: "slow" },
  /** Baseline has neither B-frames nor CABAC: the weakest decoders play it. */
  mobile: {
    crf: { low: 28, medium: 27, high: 26, maximum: 24 },
    encoderPreset: "fast",
    codecProfile: "baseline",
  },
  low_latency: {
    crf: { low: 26, medium: 25, high: 24, maximum: 22 },
    encoderPreset: "ultrafast",
    tune: "zerolatency",
  },
} as const satisfies Record<string, VideoProfile>;

export type VideoProfileName = keyof typeof VIDEO_PROFILES;
export const VIDEO_PROFILE_NAMES = Object.keys(VIDEO_PROFILES) as [VideoProfileName, ...VideoProfileName[]];

export function videoProfile(name: VideoProfileName | undefined): VideoProfile | undefined {
  return name === undefined ? undefined : VIDEO_PROFILES[name];
}
