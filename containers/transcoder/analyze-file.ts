import sharp from "sharp";
import { ANALYSIS_SIDE_PX, type ImageAnalysis } from "../../src/image/analysis.ts";
import { analyzePixels } from "../../src/image/analyze.ts";
import { INPUT_OPTIONS } from "./input-options.ts";
import { pixelsOf } from "./pixels-of.ts";

/** What a small upright copy of a picture says: read anew, as small as its format lets it be read. */
export async function analyzeFile(input: string): Promise<ImageAnalysis> {
  const box = {
    width: ANALYSIS_SIDE_PX,
    height: ANALYSIS_SIDE_PX,
    fit: "inside",
    withoutEnlargement: true,
  } as const;
  return analyzePixels(
    await pixelsOf(sharp(input, INPUT_OPTIONS).autoOrient().resize(box).toColorspace("srgb")),
  );
}
