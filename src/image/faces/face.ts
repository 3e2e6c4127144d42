import { z } from "zod";

const share = z.number().min(0).max(1);

/** A face, as fractions of the upright picture. */
export const face = z.object({ x: share, y: share, width: share, height: share });
export type Face = z.infer<typeof face>;

/** Longest side of the picture that faces are looked for in, px: a face of a sixteenth of it is found. */
export const FACE_SIDE_PX = 320;
