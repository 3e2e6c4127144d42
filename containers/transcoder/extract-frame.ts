import { stat } from "node:fs/promises";
import { join } from "node:path";
import { MediaError } from "../../src/errors.ts";
import type { SourceDescription } from "../../src/video/source.ts";
import { thumbnailRuns } from "../../src/video/thumbnail-args.ts";
import { runFfmpeg } from "./run-ffmpeg.ts";
import type { TaskContext } from "./task-context.ts";

/**
 * Writes the frame that is on screen at a time as a PNG, and gives its path. `number` keeps several apart.
 * @throws {MediaError} `corrupt_input` when no frame can be decoded, `no_video_stream` when there is no picture at all
 */
export async function extractFrame(
  context: TaskContext,
  source: SourceDescription,
  atSeconds: number,
  number: number,
): Promise<string> {
  const frame = join(context.folder, `frame-${number}.png`);
  const complaints: string[] = [];
  for (const args of thumbnailRuns(source, atSeconds, context.setting, frame)) {
    complaints.push(await runFfmpeg(context, { args, durationSeconds: 0, onProgress: () => {} }));
    if (await hasBytes(frame)) return frame;
  }
  throw new MediaError("corrupt_input", "No frame of the video can be decoded.", {
    privateDetail: complaints.join("\n"),
  });
}

/** Whether a file was written, and not only opened. */
export async function hasBytes(file: string): Promise<boolean> {
  const found = await stat(file).catch(() => undefined);
  return found !== undefined && found.size > 0;
}
