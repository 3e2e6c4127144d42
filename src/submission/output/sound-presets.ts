import type { Presets } from "../presets.ts";

/** Presets of files of sound. */
export const SOUND_PRESETS = {
  audio_podcast: {
    description: "M4A, AAC 128 kbit/s at −16 LUFS (EBU R 128), true peak −1.5 dBTP",
    specification: { format: "m4a", audio_bitrate: 128, loudness: { target: -16, true_peak: -1.5 } },
  },
} satisfies Presets;
