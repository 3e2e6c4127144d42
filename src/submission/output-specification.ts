import { z } from "@hono/zod-openapi";
import { metadataChoice } from "../image/metadata/modes.ts";
import { type ImageOutput, INTERPOLATIONS, MAX_OUTPUT_SIDE_PX, RESIZE_MODES } from "../image/output.ts";
import { qualitySpecification } from "./quality-field.ts";
import { soundFields } from "./sound-fields.ts";
import { stillFields } from "./still-fields.ts";

/** `auto` is WebP, without loss for flat graphics. */
export const OUTPUT_FORMATS = [
  "auto",
  "webp",
  "jpeg",
  "png",
  "avif",
  "mp4",
  "hls",
  "dash",
  "adaptive",
  "m4a",
  "mp3",
  "ogg",
  "json",
  "svg",
] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

const ANCHORS = {
  center: { x: 0.5, y: 0.5 },
  top: { x: 0.5, y: 0 },
  bottom: { x: 0.5, y: 1 },
  left: { x: 0, y: 0.5 },
  right: { x: 1, y: 0.5 },
  top_left: { x: 0, y: 0 },
  top_right: { x: 1, y: 0 },
  bottom_left: { x: 0, y: 1 },
  bottom_right: { x: 1, y: 1 },
} as const;

/** What a crop can look for instead; the centre is where it lies when there is nothing to find. */
const LOOKS = ["attention", "entropy"] as const;

const anchorNames = Object.keys(ANCHORS) as [keyof typeof ANCHORS, ...(keyof typeof ANCHORS)[]];
const anchor = z.enum(anchorNames);
const focalPoint = z.strictObject({ x: z.number().min(0).max(1), y: z.number().min(0).max(1) });

/** The word that stands for the logo that the deployment has set. */
export const DEFAULT_LOGO = "default";

/** A logo over a picture, as a client asks for it. */
export const watermarkSpecification = z
  .strictObject({
    /** A stored picture of the same owner. */
    media_id: z.string().max(64).default(DEFAULT_LOGO),
    /** Of the picture's width. */
    width: z.number().min(0.01).max(1).optional(),
    position: z.union([anchor, focalPoint]).optional(),
    /** px between the logo and the edges, and between tiles. */
    padding: z.int().min(0).max(1_000).optional(),
    opacity: z.number().min(0.01).max(1).optional(),
    /** Over the whole picture, again and again. */
    tile: z.boolean().optional(),
  })
  .refine(({ tile, position }) => !(tile && position), {
    path: ["position"],
    message: "Tiles cover the whole picture and have no position.",
  })
  .openapi("Watermark");
export type WatermarkSpecification = z.infer<typeof watermarkSpecification>;

/** One output as a client asks for it. Unknown fields are errors; `preset` gives defaults for all the others. */
export const outputSpecification = z
  .strictObject({
    preset: z.string().optional(),
    name: z
      .string()
      .regex(
        /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/,
        "1–100 letters, digits, dots, dashes and underscores, starting with a letter or digit",
      )
      .refine((name) => !name.includes(".."), "two dots in a row are not allowed")
      .optional(),
    format: z.enum(OUTPUT_FORMATS).optional(),
    width: z.int().min(1).max(MAX_OUTPUT_SIDE_PX).optional(),
    height: z.int().min(1).max(MAX_OUTPUT_SIDE_PX).optional(),
    resize_mode: z.enum(RESIZE_MODES).optional(),
    allow_enlarge: z.boolean().optional(),
    crop_position: z.union([z.enum([...anchorNames, ...LOOKS]), focalPoint]).optional(),
    interpolation: z.enum(INTERPOLATIONS).optional(),
    /** Images: how much detail is brought out, 0 (none) to 2. */
    sharpen_amount: z.number().min(0).max(2).optional(),
    background_color: z.string().max(64).optional(),
    /** What stays of the input's EXIF, XMP and IPTC; nothing when absent. Only images keep any. */
    metadata: metadataChoice.optional(),
    quality: qualitySpecification.optional(),
    /** Video: constant rate factor of x264. */
    crf: z.int().min(0).max(51).optional(),
    /** Video: peak rate, kbit/s. */
    max_bitrate: z.int().min(50).max(100_000).optional(),
    /** Video: kbit/s. */
    audio_bitrate: z.int().min(16).max(512).optional(),
    encoder_preset: z
      .enum(["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow"])
      .optional(),
    /** Streams: short sides of the renditions, px. */
    variants: z.array(z.int().min(144).max(2160)).min(1).max(6).optional(),
    /** Streams: seconds. */
    segment_duration: z.number().min(2).max(10).optional(),
    ...stillFields,
    ...soundFields,
    /** Pictures: a logo over the finished picture. */
    watermark: watermarkSpecification.optional(),
  })
  .openapi("OutputSpecification");

export type OutputSpecification = z.infer<typeof outputSpecification>;

/** Where a crop lies: a named anchor or a focal point, as fractions from the top left, or what it looks for. */
export function positionOf(
  position: NonNullable<OutputSpecification["crop_position"]>,
): Pick<ImageOutput, "position" | "gravity"> {
  if (typeof position !== "string") return { position };
  const gravity = LOOKS.find((look) => look === position);
  if (gravity !== undefined) return { position: ANCHORS.center, gravity };
  return { position: ANCHORS[position as keyof typeof ANCHORS] };
}
