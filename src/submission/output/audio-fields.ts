import { z } from "@hono/zod-openapi";
import { SAMPLE_RATES, SOUND_FORMATS } from "../../video/sound-output.ts";
import { VIDEO_FORMATS } from "./formats.ts";

/** Fields of the sound, alone or beside a picture. */
export const audioFields = {
  /** kbit/s */
  audio_bitrate: z.int().min(16).max(512).optional(),
  audio_codec: z
    .enum(["aac", "mp3", "opus", "vorbis"])
    .optional()
    .openapi({ description: "m4a: aac; mp3: mp3; ogg: opus or vorbis; of videos what the container holds" }),
  audio_channels: z.int().min(1).max(2).optional(),
  audio_sample_rate: z.literal(SAMPLE_RATES).optional().openapi({ description: "Hz" }),
  loudness: z
    .strictObject({
      target: z.number().min(-70).max(-5).default(-16).openapi({ description: "LUFS (EBU R 128)" }),
      true_peak: z.number().min(-9).max(0).default(-1.5).openapi({ description: "dBTP" }),
    })
    .optional()
    .openapi({ description: "Files of sound: measured first, then brought to the target" }),
  waveform: z
    .strictObject({
      points: z.int().min(16).max(20_000).optional().openapi({ description: "Pairs of peaks" }),
      color: z.string().max(64).default("black"),
    })
    .optional()
    .openapi({ description: "Peaks of the sound: json as audiowaveform writes it, or drawn as png or svg" }),
};

export const AUDIO_FIELD_FORMATS = {
  audio_bitrate: [...VIDEO_FORMATS, ...SOUND_FORMATS],
  audio_codec: [...VIDEO_FORMATS, ...SOUND_FORMATS],
  audio_channels: [...VIDEO_FORMATS, ...SOUND_FORMATS],
  audio_sample_rate: [...VIDEO_FORMATS, ...SOUND_FORMATS],
  loudness: SOUND_FORMATS,
  waveform: ["json", "png", "svg"],
} as const;
