import type { Presets } from "../presets.ts";

/** Presets of pictures that are taken from a video. */
export const STILL_PRESETS = {
  video_thumbnail: {
    description: "JPEG of the moment one second in, within 640×640",
    specification: { format: "jpeg", width: 640, height: 640, thumbnails: { at: [1] } },
  },
} satisfies Presets;
