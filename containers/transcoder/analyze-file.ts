import sharp, { type Sharp } from "sharp";
import { ANALYSIS_SIDE_PX, type ImageAnalysis } from "../../src/image/analysis.ts";
import { analyzePixels } from "../../src/image/analyze.ts";
import { FACE_SIDE_PX } from "../../src/image/faces/face.ts";
import { findFaces } from "./face-detector.ts";
import { INPUT_OPTIONS } from "./input-options.ts";
import { pixelsOf } from "./pixels-of.ts";

/** What small upright copies of a picture say, both of one read, which is as small as its format allows. */
export async function analyzeFile(input: string): Promise<ImageAnalysis> {
  const picture = await pixelsOf(shrunk(sharp(input, INPUT_OPTIONS).autoOrient(), FACE_SIDE_PX));
  const { data, width, height } = picture;
  const smaller = shrunk(sharp(data, { raw: { width, height, channels: 4 } }), ANALYSIS_SIDE_PX);
  const [analysis, faces] = [analyzePixels(await pixelsOf(smaller)), await findFaces(picture)];
  return { ...analysis, ...(faces && { faces }) };
}

function shrunk(image: Sharp, side: number): Sharp {
  const box = { width: side, height: side, fit: "inside", withoutEnlargement: true } as const;
  return image.resize(box).toColorspace("srgb");
}
