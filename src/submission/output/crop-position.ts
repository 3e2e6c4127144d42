import { z } from "@hono/zod-openapi";
import type { ImageOutput } from "../../image/output.ts";

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

/** What a crop can look for instead; without a face it looks for attention, and the centre is where it lies when there is nothing to find. */
const LOOKS = ["attention", "entropy", "face"] as const;

const anchorNames = Object.keys(ANCHORS) as [keyof typeof ANCHORS, ...(keyof typeof ANCHORS)[]];
const focalPoint = z.strictObject({ x: z.number().min(0).max(1), y: z.number().min(0).max(1) });

/** A named place or a point, as fractions from the top left. */
export const anchorPosition = z.union([z.enum(anchorNames), focalPoint]);

export const cropPosition = z.union([z.enum([...anchorNames, ...LOOKS]), focalPoint]);

/** Where a crop lies: a named anchor or a focal point, as fractions from the top left, or what it looks for. */
export function positionOf(
  position: z.infer<typeof cropPosition>,
): Pick<ImageOutput, "position" | "gravity"> {
  if (typeof position !== "string") return { position };
  const gravity = LOOKS.find((look) => look === position);
  if (gravity !== undefined) return { position: ANCHORS.center, gravity };
  return { position: ANCHORS[position as keyof typeof ANCHORS] };
}
