import { z } from "@hono/zod-openapi";
import { anchorPosition } from "./crop-position.ts";

/** The word that stands for the logo that the deployment has set. */
export const DEFAULT_LOGO = "default";

/** A logo over a picture, as a client asks for it. */
export const watermarkSpecification = z
  .strictObject({
    /** A stored picture of the same owner. */
    media_id: z.string().max(64).default(DEFAULT_LOGO),
    /** Of the picture's width. */
    width: z.number().min(0.01).max(1).optional(),
    position: anchorPosition.optional(),
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
