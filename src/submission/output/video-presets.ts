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
} satisfies Presets;
