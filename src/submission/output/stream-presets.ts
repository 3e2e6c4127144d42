import type { Presets } from "../presets.ts";

/** Presets of adaptive streams. */
export const STREAM_PRESETS = {
  hls_480_720: {
    description: "HLS with CMAF segments at 480p and 720p",
    specification: { format: "hls", variants: [480, 720], segment_duration: 6 },
  },
  adaptive: {
    description: "HLS and DASH over the same segments, from 240p up to 2160p",
    specification: {
      format: "adaptive",
      variants: [240, 360, 480, 720, 1080, 1440, 2160],
      segment_duration: 6,
    },
  },
} satisfies Presets;
