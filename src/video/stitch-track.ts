import { z } from "zod";

/** One track of a file that was encoded in parts: its init segment and all others, in their order. */
export const stitchTrack = z.strictObject({
  kind: z.enum(["video", "audio"]),
  durationSeconds: z.number().positive(),
  /** Video only. */
  frames: z.int().positive().optional(),
  /** Paths below the folder of parts, and bytes. */
  parts: z.array(z.tuple([z.string(), z.int().positive()])).min(2),
});
export type StitchTrack = z.infer<typeof stitchTrack>;
