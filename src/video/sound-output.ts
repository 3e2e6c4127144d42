import { z } from "zod";

/** Files of sound alone, and the codecs that each may hold; the first one is the default. */
export const SOUND_CODECS = {
  m4a: ["aac"],
  mp3: ["mp3"],
  ogg: ["opus", "vorbis"],
} as const;
export type SoundFormat = keyof typeof SOUND_CODECS;
export const SOUND_FORMATS = Object.keys(SOUND_CODECS) as [SoundFormat, ...SoundFormat[]];

/** Hz. Opus knows only the ones that divide 48 kHz. */
export const SAMPLE_RATES = [8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000] as const;

/** What programme loudness to arrive at (EBU R 128). */
export const loudnessTarget = z.strictObject({
  /** LUFS: −16 for podcasts, −14 for streaming services, −23 for broadcast. */
  integrated: z.number().min(-70).max(-5),
  /** dBTP: the loudest that a sample may be, between samples too. */
  truePeak: z.number().min(-9).max(0),
});
export type LoudnessTarget = z.infer<typeof loudnessTarget>;

/** One file of sound: the first track that can be decoded. */
export const soundOutput = z.strictObject({
  format: z.enum(SOUND_FORMATS),
  name: z.string(),
  codec: z.enum(["aac", "mp3", "opus", "vorbis"]),
  kbps: z.int().min(8).max(512),
  /** Absent: as in the source, at most 2. */
  channels: z.int().min(1).max(2).optional(),
  /** Hz; absent: what suits source and codec. */
  sampleRate: z.int().optional(),
  loudness: loudnessTarget.optional(),
  /** What to keep of the sound, s. */
  startSeconds: z.number().min(0).optional(),
  endSeconds: z.number().positive().optional(),
});
export type SoundOutput = z.infer<typeof soundOutput>;

/** CSS colour as red, green, blue, alpha, 0–255. */
const color = z.tuple([z.int(), z.int(), z.int(), z.int()]);

/** The loudest and the softest of the sound over time: as data, or drawn. */
export const waveformOutput = z.strictObject({
  format: z.literal("waveform"),
  name: z.string(),
  as: z.enum(["json", "png", "svg"]),
  /** Pairs of minimum and maximum. */
  points: z.int().min(16).max(20_000),
  /** Of the picture, px. */
  width: z.int().min(16).max(8192),
  height: z.int().min(16).max(2048),
  color,
  /** Absent: transparent. */
  background: color.optional(),
});
export type WaveformOutput = z.infer<typeof waveformOutput>;
