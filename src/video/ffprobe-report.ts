import { z } from "zod";

/** A number that ffprobe prints as text, such as `"8.008000"`; absent when it prints `N/A` or nothing. */
const printedNumber = z
  .union([z.string(), z.number()])
  .optional()
  .transform((value) => {
    const parsed = value === undefined ? Number.NaN : Number(value);
    return Number.isFinite(parsed) ? parsed : undefined;
  });

const ffprobeStream = z.object({
  index: z.number().optional(),
  codec_type: z.string().optional(),
  codec_name: z.string().optional(),
  profile: z.string().optional(),
  level: z.number().optional(),
  bit_rate: printedNumber,
  channel_layout: z.string().optional(),
  color_space: z.string().optional(),
  color_primaries: z.string().optional(),
  color_range: z.string().optional(),
  display_aspect_ratio: z.string().optional(),
  width: z.number().optional(),
  height: z.number().optional(),
  sample_aspect_ratio: z.string().optional(),
  pix_fmt: z.string().optional(),
  field_order: z.string().optional(),
  color_transfer: z.string().optional(),
  r_frame_rate: z.string().optional(),
  avg_frame_rate: z.string().optional(),
  bits_per_raw_sample: printedNumber,
  duration: printedNumber,
  nb_frames: printedNumber,
  channels: z.number().optional(),
  sample_rate: printedNumber,
  tags: z.record(z.string(), z.string()).optional(),
  disposition: z
    .object({
      attached_pic: z.number().optional(),
      forced: z.number().optional(),
      default: z.number().optional(),
    })
    .optional(),
  side_data_list: z.array(z.object({ rotation: z.number().optional() })).optional(),
});
export type FfprobeStream = z.output<typeof ffprobeStream>;

/**
 * The part of `ffprobe -print_format json -show_format -show_streams -show_chapters` that planning reads
 * (https://ffmpeg.org/ffprobe.html#json). Durations in seconds, rates in bit/s and Hz.
 */
export const ffprobeReport = z.object({
  format: z
    .object({
      format_name: z.string().default("unknown"),
      duration: printedNumber,
      start_time: printedNumber,
      bit_rate: printedNumber,
    })
    .default({
      format_name: "unknown",
      duration: undefined,
      start_time: undefined,
      bit_rate: undefined,
    }),
  streams: z.array(ffprobeStream).default([]),
  chapters: z
    .array(
      z.object({
        start_time: printedNumber,
        end_time: printedNumber,
        tags: z.record(z.string(), z.string()).optional(),
      }),
    )
    .default([]),
});
export type FfprobeReport = z.output<typeof ffprobeReport>;
