import type { Presets } from "../presets.ts";

/** Presets of images. */
export const PICTURE_PRESETS = {
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
  watermark_and_ship: {
    description: "JPEG within 2048×2048, then marked with the service's logo and shipped to `default`",
    specification: { format: "jpeg", width: 2048, height: 2048 },
    steps: [{ watermark: { media_id: "default" } }, { ship: { destination: "default" } }],
  },
} satisfies Presets;
