import { z } from "zod";

/** What can be learned of the content of a file: JSON under `name`, and its shots as WebVTT chapters beside it. */
export const analysisOutput = z.strictObject({ format: z.literal("analysis"), name: z.string() });
export type AnalysisOutput = z.infer<typeof analysisOutput>;

/** `analysis.json` has its chapters in `analysis-shots.vtt`. */
export function shotsName({ name }: AnalysisOutput): string {
  return `${name.replace(/\.json$/i, "")}-shots.vtt`;
}

/** From and to, s. */
export interface Stretch {
  start: number;
  end: number;
}
