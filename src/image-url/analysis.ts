import { eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { Env } from "../config.ts";
import { toMediaError } from "../errors.ts";
import { ANALYSIS_SIDE_PX, type ImageAnalysis } from "../image/analysis.ts";
import { analyzePixels } from "../image/analyze.ts";
import { decodeImage } from "../image/decode.ts";
import type { Face } from "../image/faces/face.ts";
import { focusOnFaces, zoomOnFaces } from "../image/faces/focus.ts";
import { planGeometry } from "../image/geometry.ts";
import { focusOf } from "../image/interest.ts";
import type { ImageOutput } from "../image/output.ts";
import { type ImageProbe, needsMoreBytes, orientedSize, probeImage } from "../image/probe.ts";
import { withTurn } from "../image/turn.ts";
import type { MediaRecord } from "../media/record.ts";
import { readOriginal } from "../processing/image-task.ts";
import { renderInContainer } from "../processing/render-in-container.ts";
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
  const known = await readAnalysis(env.DB, media.sha256);
  // One that was made before there were hashes is made again.
  if (known?.perceptualHash !== undefined) return known;
  const analysis = await analyze(env, media);
  await writeAnalysis(env.DB, media.sha256, analysis);
  return analysis;
}

/**
 * An output whose crop looks for something, with the place that a known analysis answers. One that is turned or trimmed
 * looks at what is left of the picture by itself, when it is made. It is makeshift when it should show faces and no
 * container answers that would find them.
 */
export async function placeCrop(
  env: Env,
  media: MediaRecord,
  output: ImageOutput,
): Promise<{ output: ImageOutput; isMakeshift: boolean }> {
  const { gravity, ...placed } = output;
  const isTurned = output.trim || output.trimBorder || output.flip || output.rotate;
  if (gravity === undefined || isTurned || output.resizeMode !== "crop")
    return { output, isMakeshift: false };
  const upright = orientedSize(media.metadata as unknown as ImageProbe);
  const { crop } = planGeometry(upright, placed);
  const { faces, isUnknown } = gravity === "face" ? await facesOf(env, media) : NO_FACES;
  const onFaces = focusOnFaces(faces, upright, crop);
  if (onFaces && placed.zoom) {
    const trim = zoomOnFaces(faces, upright, crop, placed.zoom);
    return { output: { ...placed, trim }, isMakeshift: false };
  }
  if (onFaces) return { output: { ...placed, position: onFaces }, isMakeshift: false };
  const { interest } = await analysisOf(env, media);
  const line = interest[gravity === "face" ? "attention" : gravity];
  return { output: { ...placed, position: focusOf(line, upright, crop) }, isMakeshift: isUnknown };
}

interface KnownFaces {
  faces: Face[];
  /** Nobody could be asked. */
  isUnknown: boolean;
}

const NO_FACES: KnownFaces = { faces: [], isUnknown: false };

/**
 * The faces of a picture, looked up by its content or found now, by a container. Where none answers, or it has no
 * detector, a crop is placed without, and the next asks again.
 */
async function facesOf(env: Env, media: MediaRecord): Promise<KnownFaces> {
  const known = await readAnalysis(env.DB, media.sha256);
  if (known?.faces) return { faces: known.faces, isUnknown: false };
  const order = { objectKey: copyKey(media), media, output: toImageOutput(COPY, "png"), analyze: true };
  const answer = await renderInContainer(env, order).catch(onlyUnavailable);
  if (answer === undefined) return { faces: [], isUnknown: true };
  const { analysis } = answer;
  if (analysis?.faces) await writeAnalysis(env.DB, media.sha256, analysis);
  return { faces: analysis?.faces ?? [], isUnknown: false };
}

/** Without a container there are no faces; what is wrong with the picture is told. */
function onlyUnavailable(thrown: unknown): undefined {
  if (toMediaError(thrown).class === "input") throw thrown;
}

async function readAnalysis(d1: D1Database, sha256: string): Promise<ImageAnalysis | undefined> {
  const [row] = await drizzle(d1).select().from(imageAnalyses).where(eq(imageAnalyses.sha256, sha256));
  return row?.analysis;
}

async function writeAnalysis(d1: D1Database, sha256: string, analysis: ImageAnalysis): Promise<void> {
  await drizzle(d1)
    .insert(imageAnalyses)
    .values({ sha256, analysis, createdAt: Date.now() })
    .onConflictDoUpdate({ target: imageAnalyses.sha256, set: { analysis } });
}

const COPY = { width: ANALYSIS_SIDE_PX, height: ANALYSIS_SIDE_PX };

function copyKey(media: MediaRecord): string {
  return derivedObjectKey({ mediaId: media.id, mediaVersion: media.version, options: COPY, format: "png" });
}

async function analyze(env: Env, media: MediaRecord): Promise<ImageAnalysis> {
  const objectKey = copyKey(media);
  if (!(await env.MEDIA.head(objectKey)))
    await produceDerivative(env, { objectKey, media, output: toImageOutput(COPY, "png") }, createStepClock());
  const file = await readOriginal(env.MEDIA, objectKey);
  const probe = probeImage(file, file.length);
  if (needsMoreBytes(probe)) throw new Error("the copy has no complete header");
  return await withTurn("interactive", async () => analyzePixels(await decodeImage(file, probe)));
}
