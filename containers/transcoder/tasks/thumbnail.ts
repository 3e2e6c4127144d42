import type { TaskRequest, TaskResult } from "../../../src/video/protocol.ts";
import type { ThumbnailOutput } from "../../../src/video/still-output.ts";
import { extractFrame } from "../extract-frame.ts";
import { findBestFrames } from "../find-best-frames.ts";
import { getLogos } from "../get-logos.ts";
import { renderImages, type StoredImage } from "../render-images.ts";
import { shareOf, type TaskContext } from "../task-context.ts";

type ThumbnailRequest = Extract<TaskRequest, { kind: "thumbnail" }>;

/** Share of the work that choosing frames is. */
const CHOOSING_SHARE = 0.4;

/** Takes frames out of the video and makes an image of each. */
export async function runThumbnail(context: TaskContext, request: ThumbnailRequest): Promise<TaskResult> {
  const { source } = request;
  const outputs = [request.output, ...(request.others ?? [])];
  const logos = await getLogos(context, request.logos);
  const momentOf = await findMoments(context, request, outputs);
  const rendered: StoredImage[] = [];
  for (const [i, output] of outputs.entries()) {
    context.signal.throwIfAborted();
    const share = (1 - CHOOSING_SHARE) / outputs.length;
    const part = shareOf(context, CHOOSING_SHARE + share * i, share);
    part.progress(0, "seeking");
    const frame = await extractFrame(part, source, momentOf(output), i);
    part.progress(0.5, "resizing");
    rendered.push(...(await renderImages(part, frame, [{ ...output.image, name: output.name }], logos)));
  }
  return {
    kind: "files",
    files: rendered.map(({ file }) => file),
    notes: rendered.flatMap(({ notes }) => notes),
  };
}

async function findMoments(
  context: TaskContext,
  { source }: ThumbnailRequest,
  outputs: readonly ThumbnailOutput[],
): Promise<(output: ThumbnailOutput) => number> {
  const counts = new Set(outputs.flatMap(({ best }) => best?.count ?? []));
  const found = new Map<number, number[]>();
  for (const count of counts) {
    context.progress(0, "choosing");
    found.set(count, await findBestFrames(context, source, count));
  }
  return ({ atSeconds, best }) => {
    if (best === undefined) return atSeconds;
    const times = found.get(best.count) ?? [];
    // A video of fewer frames than were asked for shows its last one again.
    return times[Math.min(best.index, times.length - 1)] ?? 0;
  };
}
