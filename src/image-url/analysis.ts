import { eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { Env } from "../config.ts";
import { ANALYSIS_SIDE_PX, type ImageAnalysis } from "../image/analysis.ts";
import { analyzePixels } from "../image/analyze.ts";
import { decodeImage } from "../image/decode.ts";
import { planGeometry } from "../image/geometry.ts";
import { focusOf } from "../image/interest.ts";
import type { ImageOutput } from "../image/output.ts";
import { type ImageProbe, needsMoreBytes, orientedSize, probeImage } from "../image/probe.ts";
import { withTurn } from "../image/turn.ts";
import type { MediaRecord } from "../media/record.ts";
import { readOriginal } from "../processing/image-task.ts";
import { imageAnalyses } from "../schema/media.ts";
import { derivedObjectKey } from "./cache-key.ts";
import { produceDerivative } from "./produce.ts";
import { createStepClock } from "./step-clock.ts";
import { toImageOutput } from "./to-output.ts";

/**
 * What a small copy of the picture tells of it, looked up by its content or measured now. The copy is a derivative like
 * any other, so that what only a container can decode is analysed as well.
 *
 * @throws MediaError what making the copy failed with
 */
export async function analysisOf(env: Env, media: MediaRecord): Promise<ImageAnalysis> {
  const db = drizzle(env.DB);
  const [known] = await db.select().from(imageAnalyses).where(eq(imageAnalyses.sha256, media.sha256));
  // One that was made before there were hashes is made again.
  if (known?.analysis.perceptualHash !== undefined) return known.analysis;
  const analysis = await analyze(env, media);
  await db
    .insert(imageAnalyses)
    .values({ sha256: media.sha256, analysis, createdAt: Date.now() })
    .onConflictDoUpdate({ target: imageAnalyses.sha256, set: { analysis } });
  return analysis;
}

/**
 * An output whose crop looks for something, with the place that a known analysis answers. One that is turned or trimmed
 * looks at what is left of the picture by itself, when it is made.
 */
export async function placeCrop(env: Env, media: MediaRecord, output: ImageOutput): Promise<ImageOutput> {
  const { gravity, ...placed } = output;
  const isTurned = output.trim || output.trimBorder || output.flip || output.rotate;
  if (gravity === undefined || isTurned || output.resizeMode !== "crop") return output;
  const { interest } = await analysisOf(env, media);
  const upright = orientedSize(media.metadata as unknown as ImageProbe);
  const { crop } = planGeometry(upright, placed);
  return { ...placed, position: focusOf(interest[gravity], upright, crop) };
}

const COPY = { width: ANALYSIS_SIDE_PX, height: ANALYSIS_SIDE_PX };

async function analyze(env: Env, media: MediaRecord): Promise<ImageAnalysis> {
  const identity = { mediaId: media.id, mediaVersion: media.version, options: COPY, format: "png" } as const;
  const objectKey = derivedObjectKey(identity);
  if (!(await env.MEDIA.head(objectKey)))
    await produceDerivative(env, { objectKey, media, output: toImageOutput(COPY, "png") }, createStepClock());
  const file = await readOriginal(env.MEDIA, objectKey);
  const probe = probeImage(file, file.length);
  if (needsMoreBytes(probe)) throw new Error("the copy has no complete header");
  return await withTurn("interactive", async () => analyzePixels(await decodeImage(file, probe)));
}
