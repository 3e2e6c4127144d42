import type { Env } from "../config.ts";
import { hexOf } from "../digest.ts";
import { MediaError } from "../errors.ts";
import type { ImageAnalysis } from "../image/analysis.ts";
import { makeOutputs } from "../image/make-outputs.ts";
import { type ImageStage, type RenderedImage, renderImage } from "../image/pipeline.ts";
import { attemptPrefix, type ClaimedTask } from "../jobs/claimed-task.ts";
import type { StageDetails } from "../progress/event.ts";
import type { StageName } from "../progress/stages.ts";
import type { TaskOutcome } from "./conclude.ts";
import { keepAnalysis } from "./keep-analysis.ts";
import { readLogos } from "./logos.ts";
import type { StoredFile } from "./output-rows.ts";
import { outputsToMake, toleratedClasses } from "./partial-outputs.ts";
import { TASK_SPECS } from "./task-spec.ts";

/** What a task that runs in the isolate may use. */
export interface IsolateContext {
  env: Env;
  bucket: R2Bucket;
  /** Throws when the lease is lost. */
  checkpoint(): void;
  report(stage: StageName | undefined, fraction: number, details?: StageDetails): Promise<void>;
}

/** Makes every output of an image that is not there yet from one decode, in this isolate. */
export async function runImageTask(claimed: ClaimedTask, context: IsolateContext): Promise<TaskOutcome> {
  const spec = TASK_SPECS.image.parse(claimed.task.spec);
  await context.report("validation", 0);
  const input = await readOriginal(context.bucket, claimed.media.objectKey);
  const outputs = await outputsToMake(context.env.DB, claimed, spec.outputs);
  const logos = await readLogos(context.env, outputs);
  let analysis: ImageAnalysis | undefined;
  const { made: rendered, failed: failedOutputs } = await makeOutputs(
    outputs,
    toleratedClasses(claimed),
    (some) =>
      renderImage(input, spec.probe, some, {
        logos,
        checkpoint: context.checkpoint,
        onAnalysis: (learned) => {
          analysis = learned;
        },
        onStage: stageReporter(context, some.length),
      }),
  );
  context.checkpoint();
  await context.report("finalization", 0);
  const prefix = attemptPrefix(claimed.lease);
  const files = await Promise.all(rendered.map((image) => storeImage(context.bucket, prefix, image)));
  const notes = rendered.flatMap((image) => image.notes);
  return {
    result: null,
    files,
    failedOutputs,
    notes,
    ...(analysis && keepAnalysis(claimed.media, analysis)),
  };
}

function stageReporter(context: IsolateContext, count: number): (step: ImageStage) => Promise<void> {
  let started = 0;
  return async (step) => {
    if (step === "resize") started++;
    const { stage, fraction } = stageOf(step, started, count);
    await context.report(stage, fraction, {
      current_operation: step,
      processed_items: Math.max(0, started - 1),
      total_items: count,
    });
  };
}

/**
 * Steps alternate between outputs, stages do not: resizing lasts until the last output is resized, converting is
 * what comes then.
 */
function stageOf(step: ImageStage, started: number, count: number): { stage: StageName; fraction: number } {
  if (step === "decode") return { stage: "preprocessing", fraction: 0 };
  if (step === "resize") return { stage: "resize_operations", fraction: (started - 1) / count };
  return started === count
    ? { stage: "format_conversion", fraction: 0 }
    : { stage: "resize_operations", fraction: (started - 0.5) / count };
}

/** The original as one buffer: the lane's plan made sure that it fits. */
export async function readOriginal(bucket: R2Bucket, key: string): Promise<Uint8Array> {
  const object = await bucket.get(key);
  if (!object) throw new MediaError("corrupt_input", "The original is not in storage any more.");
  return new Uint8Array(await object.arrayBuffer());
}

async function storeImage(bucket: R2Bucket, prefix: string, image: RenderedImage): Promise<StoredFile> {
  const digest = await crypto.subtle.digest("SHA-256", image.bytes);
  await bucket.put(prefix + image.name, image.bytes, {
    httpMetadata: { contentType: image.type },
    sha256: digest,
  });
  return {
    name: image.name,
    path: image.name,
    type: image.type,
    bytes: image.bytes.length,
    sha256: hexOf(digest),
    width: image.width,
    height: image.height,
  };
}
