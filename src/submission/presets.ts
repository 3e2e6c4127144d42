import type { OutputSpecification } from "./output-specification.ts";
import type { StepSpecification } from "./steps.ts";

interface Preset {
  description: string;
  specification: OutputSpecification;
  /** Of a job that has none of its own and an output of this preset: they are for all its outputs. */
  steps?: readonly StepSpecification[];
}

/** Named sets of defaults; any other field of a specification overrides its preset. */
export const PRESETS: Record<string, Preset> = {
  thumbnail: {
    description: "150×150 WebP, cut to fill",
    specification: { format: "webp", width: 150, height: 150, resize_mode: "crop" },
  },
  small: {
    description: "WebP within 320×320",
    specification: { format: "webp", width: 320, height: 320 },
  },
  medium: {
    description: "WebP within 1024×1024",
    specification: { format: "webp", width: 1024, height: 1024 },
  },
  large: {
    description: "WebP within 2048×2048",
    specification: { format: "webp", width: 2048, height: 2048 },
  },
  web_optimized: {
    description: "WebP within 1920×1920 at quality 85",
    specification: { format: "webp", width: 1920, height: 1920, quality: 85 },
  },
  optimized: {
    description: "WebP within 2048×2048",
    specification: { format: "webp", width: 2048, height: 2048 },
  },
  avatar: {
    description: "256×256 WebP, cut around what draws the eye",
    specification: {
      format: "webp",
      width: 256,
      height: 256,
      resize_mode: "crop",
      crop_position: "attention",
    },
  },
  social_card: {
    description: "1200×630 JPEG, cut around what draws the eye",
    specification: {
      format: "jpeg",
      width: 1200,
      height: 630,
      resize_mode: "crop",
      crop_position: "attention",
    },
  },
  mobile_video: {
    description: "MP4 within 1280×720, H.264 up to 1.5 Mbit/s",
    specification: { format: "mp4", width: 1280, height: 720, max_bitrate: 1500, audio_bitrate: 128 },
  },
  web_video: {
    description: "MP4 within 1920×1080, H.264 up to 3 Mbit/s",
    specification: { format: "mp4", width: 1920, height: 1080, max_bitrate: 3000, audio_bitrate: 128 },
  },
  hls_480_720: {
    description: "HLS with CMAF segments at 480p and 720p",
    specification: { format: "hls", variants: [480, 720], segment_duration: 6 },
  },
  adaptive: {
    description: "HLS and DASH over the same segments, from 240p up to 1080p",
    specification: { format: "adaptive", variants: [240, 360, 480, 720, 1080], segment_duration: 6 },
  },
  video_thumbnail: {
    description: "JPEG of the moment one second in, within 640×640",
    specification: { format: "jpeg", width: 640, height: 640, thumbnails: { at: [1] } },
  },
  poster: {
    description: "JPEG of the best frame, within 1280×1280",
    specification: { format: "jpeg", width: 1280, height: 1280, thumbnails: { count: 1, best: true } },
  },
  preview_clip: {
    description: "Animated WebP of four moments, 4 s in all, within 320×320",
    specification: { format: "webp", width: 320, height: 320, preview: { duration: 4, moments: 4 } },
  },
  audio_podcast: {
    description: "M4A, AAC 128 kbit/s at −16 LUFS (EBU R 128), true peak −1.5 dBTP",
    specification: { format: "m4a", audio_bitrate: 128, loudness: { target: -16, true_peak: -1.5 } },
  },
  watermark_and_ship: {
    description: "JPEG within 2048×2048, then marked with the service's logo and shipped to `default`",
    specification: { format: "jpeg", width: 2048, height: 2048 },
    steps: [{ watermark: { media_id: "default" } }, { ship: { destination: "default" } }],
  },
};

/** What a job makes when it does not say. */
export const DEFAULT_OUTPUTS: Record<"image" | "video" | "audio", OutputSpecification[]> = {
  image: [{ preset: "thumbnail" }, { preset: "optimized" }],
  video: [{ preset: "video_thumbnail" }, { preset: "hls_480_720" }],
  audio: [{ preset: "audio_podcast" }, { format: "json", waveform: { color: "black" } }],
};
