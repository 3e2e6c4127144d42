/** Progressive files, and the codecs that each may hold. The first of each list is what is made when nothing is said. */
export const CONTAINERS = {
  /** ISO/IEC 14496-12 with the registered sample entries avc1, hvc1, vp09, av01, mp4a, Opus (mp4ra.org). */
  mp4: {
    video: ["h264", "h265", "vp9", "av1"],
    audio: ["aac", "mp3", "opus"],
    mime: "video/mp4",
    muxer: ["-movflags", "+faststart", "-f", "mp4"],
  },
  /** What the WebM project allows in its subset of Matroska (webmproject.org/docs/container). */
  webm: {
    video: ["vp9", "av1"],
    audio: ["opus", "vorbis"],
    mime: "video/webm",
    muxer: ["-cues_to_front", "1", "-f", "webm"],
  },
  /** Matroska has a codec id for each of them (RFC 9559 and its codec registry). */
  mkv: {
    video: ["h264", "h265", "vp9", "av1"],
    audio: ["aac", "mp3", "opus", "vorbis"],
    mime: "video/x-matroska",
    muxer: ["-cues_to_front", "1", "-f", "matroska"],
  },
  /** ISO/IEC 13818-1: stream types for VP9 and Vorbis do not exist, those for AV1 and Opus few players know. */
  ts: {
    video: ["h264", "h265"],
    audio: ["aac", "mp3"],
    mime: "video/mp2t",
    muxer: ["-f", "mpegts"],
  },
} as const satisfies Record<string, ContainerRules>;

interface ContainerRules {
  video: readonly VideoCodec[];
  audio: readonly AudioCodec[];
  mime: string;
  /** Options of the muxer; the index goes to the front where the container has one. */
  muxer: readonly string[];
}

export type FileFormat = keyof typeof CONTAINERS;
export const FILE_FORMATS = Object.keys(CONTAINERS) as [FileFormat, ...FileFormat[]];

export const VIDEO_CODECS = ["h264", "h265", "vp9", "av1"] as const;
export type VideoCodec = (typeof VIDEO_CODECS)[number];

export const AUDIO_CODECS = ["aac", "mp3", "opus", "vorbis"] as const;
export type AudioCodec = (typeof AUDIO_CODECS)[number];

export const PIXEL_FORMATS = [
  "yuv420p",
  "yuv422p",
  "yuv444p",
  "yuv420p10le",
  "yuv422p10le",
  "yuv444p10le",
] as const;
export type PixelFormat = (typeof PIXEL_FORMATS)[number];

interface VideoCodecRules {
  /** Worst constant rate factor that the scale knows; 0 is the best. */
  maxCrf: number;
  /** The factor for each quality word. */
  crf: Record<"low" | "medium" | "high" | "maximum", number>;
  /** Pixel formats that each profile holds; the first profile that holds one is that of the format. */
  profiles: Record<string, readonly PixelFormat[]>;
  tunes: readonly string[];
  /** The encoder can be told an average rate and look twice. */
  twoPass: boolean;
}

/**
 * What each codec can be asked for. The factors of a word look alike: x265's own advice is that its 28 is x264's 23,
 * libvpx's guide for video on demand has 31 for 1080p, and SVT-AV1 begins at 35.
 */
export const VIDEO_CODEC_RULES: Record<VideoCodec, VideoCodecRules> = {
  h264: {
    maxCrf: 51,
    crf: { low: 28, medium: 25, high: 22, maximum: 18 },
    profiles: {
      high: ["yuv420p"],
      main: ["yuv420p"],
      baseline: ["yuv420p"],
      high10: ["yuv420p10le"],
      high422: ["yuv422p", "yuv422p10le"],
      high444: ["yuv444p", "yuv444p10le"],
    },
    tunes: ["film", "animation", "grain", "stillimage", "fastdecode", "zerolatency"],
    twoPass: true,
  },
  h265: {
    maxCrf: 51,
    crf: { low: 33, medium: 30, high: 27, maximum: 23 },
    profiles: {
      main: ["yuv420p"],
      main10: ["yuv420p10le"],
      "main422-10": ["yuv422p", "yuv422p10le"],
      "main444-8": ["yuv444p"],
      "main444-10": ["yuv444p10le"],
    },
    tunes: ["grain", "animation", "fastdecode", "zerolatency"],
    twoPass: true,
  },
  vp9: {
    maxCrf: 63,
    crf: { low: 40, medium: 36, high: 31, maximum: 24 },
    profiles: {
      "0": ["yuv420p"],
      "1": ["yuv422p", "yuv444p"],
      "2": ["yuv420p10le"],
      "3": ["yuv422p10le", "yuv444p10le"],
    },
    tunes: [],
    twoPass: true,
  },
  av1: {
    maxCrf: 63,
    crf: { low: 45, medium: 40, high: 35, maximum: 28 },
    profiles: { main: ["yuv420p", "yuv420p10le"] },
    tunes: [],
    twoPass: false,
  },
};

interface AudioCodecRules {
  encoder: string;
  kbps: { min: number; max: number };
  maxChannels: number;
  /** Hz */
  sampleRates: readonly number[];
}

const MPEG_RATES = [8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000];

/** Rates for one and two channels, as the encoders take them. */
export const AUDIO_CODEC_RULES: Record<AudioCodec, AudioCodecRules> = {
  aac: { encoder: "aac", kbps: { min: 16, max: 512 }, maxChannels: 2, sampleRates: MPEG_RATES },
  mp3: { encoder: "libmp3lame", kbps: { min: 32, max: 320 }, maxChannels: 2, sampleRates: MPEG_RATES },
  /** Opus knows five rates, all parts of 48 kHz (RFC 6716 §2). */
  opus: {
    encoder: "libopus",
    kbps: { min: 16, max: 510 },
    maxChannels: 2,
    sampleRates: [8_000, 12_000, 16_000, 24_000, 48_000],
  },
  vorbis: {
    encoder: "libvorbis",
    kbps: { min: 48, max: 480 },
    maxChannels: 2,
    sampleRates: [32_000, 44_100, 48_000],
  },
};
