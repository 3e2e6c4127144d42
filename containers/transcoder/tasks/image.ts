import { join } from "node:path";
import type { MediaError } from "../../../src/errors.ts";
import type { ImageAnalysis } from "../../../src/image/analysis.ts";
import { makeOutputs } from "../../../src/image/make-outputs.ts";
import type { TaskRequest, TaskResult } from "../../../src/video/protocol.ts";
import { getLogos } from "../get-logos.ts";
import { withoutUrls } from "../log.ts";
import { getFile } from "../object-transfer.ts";
import { openableImage } from "../openable-image.ts";
import { renderImages } from "../render-images.ts";
import type { TaskContext } from "../task-context.ts";

type ImageRequest = Extract<TaskRequest, { kind: "image" }>;

/** Makes images that are too large for an isolate: download, then libvips. */
export async function runImage(context: TaskContext, request: ImageRequest): Promise<TaskResult> {
  const original = join(context.folder, "input");
  context.progress(0, "downloading");
  await getFile({
    url: request.inputUrl,
    file: original,
    maxBytes: request.inputBytes,
    signal: context.signal,
  });
  const logos = await getLogos(context, request.logos);
  context.progress(0.05, "decoding");
  const input = await openableImage(context, original);
  context.progress(0.1, "resizing");
  let analysis: ImageAnalysis | undefined;
  const onAnalysis = (learned: ImageAnalysis) => {
    analysis = learned;
  };
  const { made, failed } = await makeOutputs(request.outputs, request.tolerated ?? [], (outputs) => {
    context.signal.throwIfAborted();
    const onLearned = request.analyze ? onAnalysis : undefined;
    return renderImages(context, input, outputs, logos, { onAnalysis: onLearned, isStrict: request.strict });
  });
  return {
    kind: "files",
    files: made.map(({ file }) => file),
    notes: made.flatMap(({ notes }) => notes),
    failed: failed.map(describeFailure),
    ...(analysis && { analysis }),
  };
}

function describeFailure({ name, error }: { name: string; error: MediaError }) {
  const { code, message, privateDetail } = error;
  return { name, code, message, ...(privateDetail !== undefined && { detail: withoutUrls(privateDetail) }) };
}
