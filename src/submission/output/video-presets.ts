import type { Presets } from "../presets.ts";

/** Presets of progressive video files. */
export const VIDEO_PRESETS = {
  mobile_video: {
    description: "MP4 within 1280×720, H.264 up to 1.5 Mbit/s",
    specification: { format: "mp4", width: 1280, height: 720, max_bitrate: 1500, audio_bitrate: 128 },
  },
  web_video: {
    description: "MP4 within 1920×1080, H.264 up to 3 Mbit/s",
    specification: { format: "mp4", width: 1920, height: 1080, max_bitrate: 3000, audio_bitrate: 128 },
  },
  archive_quality: {
    description:
      "Matroska in the video's own size, 10-bit H.265 at CRF 18, AAC 256 kbit/s; H.264 where that fails",
    specification: {
      format: "mkv",
      video_codec: "h265",
      pixel_format: "yuv420p10le",
      crf: 18,
      encoder_preset: "slow",
      audio_bitrate: 256,
      allow_fallback: true,
    },
  },
} satisfies Presets;
