import { stat } from "node:fs/promises";
import { join } from "node:path";
import { MediaError } from "../../../src/errors.ts";
import { type Mp4Plan, mp4Args, notesOnColor, planMp4 } from "../../../src/video/mp4-plan.ts";
import type { TaskRequest, TaskResult } from "../../../src/video/protocol.ts";
import type { SourceDescription } from "../../../src/video/source.ts";
import { checkLength } from "../check-length.ts";
import { probeFile, runFfmpeg } from "../run-ffmpeg.ts";
import type { TaskContext } from "../task-context.ts";

const MP4_MIME = "video/mp4";

type TranscodeRequest = Extract<TaskRequest, { kind: "transcode" }>;

/** Makes one progressive MP4: encode to disk, verify, store. */
export async function runTranscode(context: TaskContext, request: TranscodeRequest): Promise<TaskResult> {
  const plan = planMp4(request.source, request.output);
  const resolution = `${plan.size.width}x${plan.size.height}`;
  const file = join(context.folder, "output.mp4");
  const complaints = await runFfmpeg(context, {
    args: mp4Args(plan, context.setting, file),
    durationSeconds: request.source.durationSeconds,
    onProgress: (progress) => {
      context.countBytes(file, progress.totalBytes ?? 0);
      context.progress(progress.fraction * 0.95, "encoding", { ...progress, resolution });
    },
  });
  context.countBytes(file, (await stat(file)).size);
  context.signal.throwIfAborted();
  const made = await verifyMp4(context, plan, file);
  const notes = checkLength(request.source, made.durationSeconds, complaints);
  context.progress(0.96, "storing");
  const stored = await context.store(file, request.output.name, MP4_MIME);
  const { durationSeconds } = made;
  const produced = { name: request.output.name, path: request.output.name, type: MP4_MIME, ...stored };
  return {
    kind: "files",
    files: [{ ...produced, ...plan.size, durationSeconds }],
    notes: [...notesOnColor(plan.video, context.setting), ...notes],
  };
}

/** Reads the file back: the streams that were planned are in it, upright and of the planned size. */
async function verifyMp4(context: TaskContext, plan: Mp4Plan, file: string) {
  const made: SourceDescription = await probeFile(context, file).catch((cause) => {
    context.signal.throwIfAborted();
    throw new MediaError("invalid_result", "The encoded file cannot be read back.", { cause });
  });
  const { video } = made;
  const asPlanned =
    video?.width === plan.size.width &&
    video.height === plan.size.height &&
    video.rotation === 0 &&
    made.audio.length === (plan.audio === undefined ? 0 : 1);
  if (!asPlanned) throw new MediaError("invalid_result", "The encoded file is not what was planned.");
  return { durationSeconds: video.durationSeconds ?? made.durationSeconds };
}
