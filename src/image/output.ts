import { z } from "zod";
import { watermark } from "./watermark.ts";

/** Largest side that an output may have, px (libwebp's own limit is 16,383). */
export const MAX_OUTPUT_SIDE_PX = 16_383;

export const IMAGE_FORMATS = ["webp", "jpeg", "png"] as const;
export type ImageFormat = (typeof IMAGE_FORMATS)[number];

export const IMAGE_MIME: Record<ImageFormat, string> = {
  webp: "image/webp",
  jpeg: "image/jpeg",
  png: "image/png",
};

/**
 * How an image meets its box: `fit` inside it, ratio kept; `fill` and `stretch` exactly it, distorted; `crop`
 * exactly it, excess cut; `pad` exactly it, letterboxed in the background colour.
 */
export const RESIZE_MODES = ["fit", "fill", "crop", "stretch", "pad"] as const;
export type ResizeMode = (typeof RESIZE_MODES)[number];

/**
 * One image to make, every default already resolved: what a task carries, in the isolate and in the container.
 * Sides are px; an absent side follows from the ratio; both absent keeps the size.
 */
export const imageOutput = z.strictObject({
  /** Unique within the job; the file is `<name>` as given, so it carries its extension. */
  name: z.string(),
  format: z.enum(IMAGE_FORMATS),
  width: z.int().min(1).max(MAX_OUTPUT_SIDE_PX).optional(),
  height: z.int().min(1).max(MAX_OUTPUT_SIDE_PX).optional(),
  resizeMode: z.enum(RESIZE_MODES),
  allowEnlarge: z.boolean(),
  /** Focal point of a crop, and anchor of a pad, as fractions of the leftover: 0,0 is top left. */
  position: z.strictObject({ x: z.number().min(0).max(1), y: z.number().min(0).max(1) }),
  /** Letterbox colour, and what shows through alpha in formats that have none: [r, g, b, a], 0–255. */
  background: z.tuple([channel(), channel(), channel(), channel()]),
  /** 1–100; PNG ignores it. */
  quality: z.int().min(1).max(100),
  /** A logo over the finished picture. */
  watermark: watermark.optional(),
});
export type ImageOutput = z.infer<typeof imageOutput>;

function channel() {
  return z.int().min(0).max(255);
}
