import { z } from "zod";
import { imageOutput } from "../image/output.ts";

/** Stills that one task takes from the video: those of one specification. */
export const MAX_STILLS = 20;

/** A picture of one moment. Past the end of a short video the last frame is taken. */
export const thumbnailOutput = z.strictObject({
  format: z.literal("thumbnail"),
  name: z.string(),
  atSeconds: z.number().min(0),
  /** Name of the specification that asks for this one and others. */
  set: z.string().optional(),
  /** Instead of a moment: the frame that stands at `index` among the `count` best, in the order of the video. */
  best: z.strictObject({ index: z.int().min(0), count: z.int().min(1).max(MAX_STILLS) }).optional(),
  image: imageOutput,
});
export type ThumbnailOutput = z.infer<typeof thumbnailOutput>;
