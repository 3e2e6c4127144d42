import { z } from "@hono/zod-openapi";
import { metadataChoice } from "../../image/metadata/modes.ts";
import { MAX_OUTPUT_SIDE_PX, RESIZE_MODES } from "../../image/output.ts";
import { STREAM_FORMATS } from "../../video/output.ts";
import { qualitySpecification } from "../quality-field.ts";
import { OUTPUT_FORMATS, PICTURE_FORMATS, VIDEO_FORMATS } from "./formats.ts";
import { watermarkSpecification } from "./watermark-specification.ts";

const name = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/,
    "1–100 letters, digits, dots, dashes and underscores, starting with a letter or digit",
  )
  .refine((text) => !text.includes(".."), "two dots in a row are not allowed");

/** Longest that an attempt runs, memory of the largest slot that is offered, and its cores. */
const MAX_TIMEOUT_SECONDS = 3 * 3_600;
const MAX_MEMORY_MB = 8_000;
const MAX_THREADS = 16;

/** Fields of more than one group of formats. */
export const commonFields = {
  preset: z.string().optional(),
  name: name.optional(),
  format: z.enum(OUTPUT_FORMATS).optional(),
  width: z.int().min(1).max(MAX_OUTPUT_SIDE_PX).optional(),
  height: z.int().min(1).max(MAX_OUTPUT_SIDE_PX).optional(),
  resize_mode: z.enum(RESIZE_MODES).optional(),
  allow_enlarge: z.boolean().optional(),
  background_color: z.string().max(64).optional(),
  /** What stays of the input's EXIF, XMP and IPTC; nothing when absent. Only images keep any. */
  metadata: metadataChoice.optional(),
  quality: qualitySpecification.optional(),
  /** A logo over the finished picture; of a stream on its largest rendition, which the others follow. */
  watermark: watermarkSpecification.optional(),
  /** What the making of it may take. */
  timeout_seconds: z.int().min(1).max(MAX_TIMEOUT_SECONDS).optional(),
  max_memory_mb: z.int().min(16).max(MAX_MEMORY_MB).optional(),
  cpu_threads: z.int().min(1).max(MAX_THREADS).optional(),
};

const SIZED = [...PICTURE_FORMATS, ...VIDEO_FORMATS];

/** The formats that a field means something for; fields that are not here go with all. */
export const COMMON_FIELD_FORMATS = {
  width: [...SIZED, "svg" as const],
  height: [...SIZED, "svg" as const],
  allow_enlarge: SIZED,
  resize_mode: SIZED,
  background_color: [...SIZED, "svg" as const],
  quality: SIZED,
  timeout_seconds: VIDEO_FORMATS,
  max_memory_mb: VIDEO_FORMATS,
  cpu_threads: VIDEO_FORMATS,
  watermark: [...SIZED, ...STREAM_FORMATS],
};
