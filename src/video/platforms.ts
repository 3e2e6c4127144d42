import type { AudioCodec, FileFormat, VideoCodec } from "./codecs.ts";

interface PlatformRules {
  name: string;
  formats: readonly FileFormat[];
  audio: readonly AudioCodec[];
  /** By codec: the profiles that are decoded everywhere, and the highest level. */
  video: Partial<Record<VideoCodec, { profiles: readonly string[]; maxLevel?: string }>>;
}

/**
 * What plays on all devices of a kind that are in use, not on the newest alone.
 *
 * - iOS: Apple's lists of formats for iPhone and iPad: H.264 to 1080p30 High (level 4.0), HEVC, AAC and MP3 in MP4.
 * - Android: Compatibility Definition §5.3 (H.264 to 1080p30, so level 4.0; HEVC Main level 3 to 4; VP9 profile 0) and
 *   the table of supported media formats (AV1 from Android 10).
 * - TV: Compatibility Definition §5.3 for televisions: 1080p60, so H.264 High level 4.2; HEVC Main and Main10 level 5.
 * - Desktop: what browsers and system players decode by software: 4:2:0, 8 bits for H.264.
 */
export const PLATFORMS = {
  ios: {
    name: "iOS",
    formats: ["mp4"],
    audio: ["aac", "mp3"],
    video: {
      h264: { profiles: ["high", "main", "baseline"], maxLevel: "4.0" },
      h265: { profiles: ["main", "main10"], maxLevel: "5.0" },
    },
  },
  android: {
    name: "Android",
    formats: ["mp4", "webm", "mkv", "ts"],
    audio: ["aac", "mp3", "opus", "vorbis"],
    video: {
      h264: { profiles: ["high", "main", "baseline"], maxLevel: "4.0" },
      h265: { profiles: ["main"], maxLevel: "4.0" },
      vp9: { profiles: ["0"] },
      av1: { profiles: ["main"] },
    },
  },
  desktop: {
    name: "desktop",
    formats: ["mp4", "webm", "mkv"],
    audio: ["aac", "mp3", "opus", "vorbis"],
    video: {
      h264: { profiles: ["high", "main", "baseline"], maxLevel: "5.2" },
      h265: { profiles: ["main", "main10"], maxLevel: "5.1" },
      vp9: { profiles: ["0", "2"] },
      av1: { profiles: ["main"] },
    },
  },
  tv: {
    name: "TV",
    formats: ["mp4", "mkv", "ts"],
    audio: ["aac", "mp3"],
    video: {
      h264: { profiles: ["high", "main", "baseline"], maxLevel: "4.2" },
      h265: { profiles: ["main", "main10"], maxLevel: "5.0" },
      vp9: { profiles: ["0", "2"] },
    },
  },
} as const satisfies Record<string, PlatformRules>;

export type Platform = keyof typeof PLATFORMS;
export const PLATFORM_NAMES = Object.keys(PLATFORMS) as [Platform, ...Platform[]];

export function platformRules(platform: Platform): PlatformRules {
  return PLATFORMS[platform];
}
