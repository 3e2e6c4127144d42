import { PICTURE_PRESETS } from "./output/picture-presets.ts";
import { SOUND_PRESETS } from "./output/sound-presets.ts";
import { STILL_PRESETS } from "./output/still-presets.ts";
import { STREAM_PRESETS } from "./output/stream-presets.ts";
import { VIDEO_PRESETS } from "./output/video-presets.ts";
import type { OutputSpecification } from "./output-specification.ts";
import type { StepSpecification } from "./steps.ts";

interface Preset {
  description: string;
  specification: OutputSpecification;
  /** Of a job that has none of its own and an output of this preset: they are for all its outputs. */
  steps?: readonly StepSpecification[];
}

export type Presets = Record<string, Preset>;

/** Named sets of defaults; any other field of a specification overrides its preset. */
export const PRESETS: Presets = {
  ...PICTURE_PRESETS,
  ...VIDEO_PRESETS,
  ...STREAM_PRESETS,
  ...STILL_PRESETS,
  ...SOUND_PRESETS,
};

/** What a job makes when it does not say. */
export const DEFAULT_OUTPUTS: Record<"image" | "video" | "audio", OutputSpecification[]> = {
  image: [{ preset: "thumbnail" }, { preset: "optimized" }],
  video: [{ preset: "video_thumbnail" }, { preset: "hls_480_720" }],
  audio: [
    { preset: "audio_podcast" },
    { format: "json", name: "waveform.json", waveform: { color: "black" } },
  ],
};
