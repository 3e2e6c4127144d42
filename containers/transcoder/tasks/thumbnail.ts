import { stat } from "node:fs/promises";
import { join } from "node:path";
import { MediaError } from "../../../src/errors.ts";
import type { TaskRequest, TaskResult } from "../../../src/video/protocol.ts";
import { thumbnailRuns } from "../../../src/video/thumbnail-args.ts";
import { getLogos } from "../get-logos.ts";
import { renderImages } from "../render-images.ts";
import { runFfmpeg } from "../run-ffmpeg.ts";
import type { TaskContext } from "../task-context.ts";

type ThumbnailRequest = Extract<TaskRequest, { kind: "thumbnail" }>;

/** Takes one frame out of the video and makes an image of it. */
export async function runThumbnail(context: TaskContext, request: ThumbnailRequest): Promise<TaskResult> {
  const { source, output } = request;
  const frame = join(context.folder, "frame.png");
  context.progress(0, "seeking");
  const complaints: string[] = [];
  for (const args of thumbnailRuns(source, output.atSeconds, context.setting, frame)) {
    complaints.push(await runFfmpeg(context, { args, durationSeconds: 0, onProgress: () => {} }));
    if (await exists(frame)) break;
  }
  if (!(await exists(frame))) {
    throw new MediaError("corrupt_input", "No frame of the video can be decoded.", {
      privateDetail: complaints.join("\n"),
    });
  }
  const logos = await getLogos(context, request.logos);
  context.progress(0.5, "resizing");
  const images = await renderImages(context, frame, [output.image], logos);
  return {
    kind: "files",
    files: images.map(({ file }) => ({ ...file, name: output.name })),
    notes: images.flatMap(({ notes }) => notes),
  };
}

async function exists(file: string): Promise<boolean> {
  const found = await stat(file).catch(() => undefined);
  return found !== undefined && found.size > 0;
}
