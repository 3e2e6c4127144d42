import type { Presets } from "../presets.ts";

/** Presets of pictures that are taken from a video. */
export const STILL_PRESETS = {
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
} satisfies Presets;
