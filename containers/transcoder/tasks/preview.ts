import { stat } from "node:fs/promises";
import { join } from "node:path";
import { momentsOf, previewArgs, previewSize } from "../../../src/video/preview.ts";
import type { TaskRequest, TaskResult } from "../../../src/video/protocol.ts";
import { requireVideo } from "../require-video.ts";
import { runFfmpeg } from "../run-ffmpeg.ts";
import type { TaskContext } from "../task-context.ts";

type PreviewRequest = Extract<TaskRequest, { kind: "preview" }>;

/** Makes an animated WebP of some moments of the video. */
export async function runPreview(context: TaskContext, request: PreviewRequest): Promise<TaskResult> {
  const { source, output } = request;
  const video = requireVideo(source);
  const file = join(context.folder, "preview.webp");
  const moments = momentsOf(video.durationSeconds ?? source.durationSeconds, output);
  const durationSeconds = moments.reduce((sum, { seconds }) => sum + seconds, 0);
  await runFfmpeg(context, {
    args: previewArgs(source, video, output, context.setting, file),
    durationSeconds,
    onProgress: (progress) => context.progress(progress.fraction * 0.95, "encoding", progress),
  });
  context.countBytes(file, (await stat(file)).size);
  context.signal.throwIfAborted();
  const type = "image/webp";
  const stored = await context.store(file, output.name, type);
  const size = previewSize(video, output);
  return {
    kind: "files",
    files: [{ name: output.name, path: output.name, type, ...stored, ...size, durationSeconds }],
    notes: [],
  };
}
