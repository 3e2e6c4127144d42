import { stat } from "node:fs/promises";
import { join } from "node:path";
import { CONTAINERS } from "../../../src/video/codecs.ts";
import type { EncoderChoice } from "../../../src/video/encoder-chain.ts";
import { fileArgs, firstPassArgs } from "../../../src/video/file-args.ts";
import { type FilePlan, notesOnColor, planFile } from "../../../src/video/file-plan.ts";
import type { FfmpegProgress } from "../../../src/video/progress.ts";
import type { TaskRequest, TaskResult } from "../../../src/video/protocol.ts";
import { checkLength } from "../check-length.ts";
import { overlayLogo } from "../overlay-logo.ts";
import { runFfmpeg } from "../run-ffmpeg.ts";
import type { TaskContext } from "../task-context.ts";
import { tryEncoders } from "../try-encoders.ts";
import { verifyFile } from "../verify-file.ts";

/** Share of the task that encoding is, and of two passes the first. */
const ENCODING_SHARE = 0.95;
const FIRST_PASS_SHARE = 0.4;

type TranscodeRequest = Extract<TaskRequest, { kind: "transcode" }>;

/** Makes one progressive file: encode to disk, verify, store. */
export async function runTranscode(context: TaskContext, request: TranscodeRequest): Promise<TaskResult> {
  const plan = planFile(request.source, request.output);
  const { name, format } = request.output;
  const file = join(context.folder, `output.${format}`);
  const { size } = plan.layout;
  const overlay = await overlayLogo(context, request.output.watermark, size, request.logos);
  const marking = { ...context, setting: { ...context.setting, overlay } };
  const { made: complaints, choice } = await tryEncoders(context, request.output, (each) =>
    encode(marking, plan, each, file),
  );
  context.countBytes(file, (await stat(file)).size);
  context.signal.throwIfAborted();
  const { durationSeconds } = await verifyFile(context, file, {
    size,
    codec: choice.output.videoCodec ?? "h264",
    tracks: plan.audio === undefined ? 0 : 1,
  });
  const until = plan.cut.isCut ? plan.cut.durationSeconds : undefined;
  const lengthNotes = checkLength(request.source, durationSeconds, complaints, until);
  context.progress(0.96, "storing");
  const type = CONTAINERS[format].mime;
  const stored = await context.store(file, name, type);
  return {
    kind: "files",
    files: [{ name, path: name, type, ...stored, ...size, durationSeconds }],
    notes: [
      ...plan.notes,
      ...(choice.note === undefined ? [] : [choice.note]),
      ...notesOnColor({ ...plan, output: choice.output }, context.setting),
      ...lengthNotes,
    ],
  };
}

/** Gives what ffmpeg complained about although it succeeded. */
async function encode(
  context: TaskContext,
  plan: FilePlan,
  choice: EncoderChoice,
  file: string,
): Promise<string> {
  const { setting } = context;
  const { durationSeconds } = plan.cut;
  const resolution = `${plan.layout.size.width}x${plan.layout.size.height}`;
  const run = (args: string[], from: number, share: number, operation: string) =>
    runFfmpeg(context, {
      args,
      durationSeconds,
      onProgress: (progress: FfmpegProgress) => {
        if (operation === "encoding") context.countBytes(file, progress.totalBytes ?? 0);
        const fraction = (from + progress.fraction * share) * ENCODING_SHARE;
        context.progress(fraction, operation, { ...progress, resolution });
      },
    });
  if (!choice.output.twoPass) return await run(fileArgs(plan, choice, setting, file), 0, 1, "encoding");
  const logFile = join(context.folder, "passes");
  await run(firstPassArgs(plan, choice, setting, logFile), 0, FIRST_PASS_SHARE, "analysing");
  const second = fileArgs(plan, choice, setting, file, { number: 2, logFile });
  return await run(second, FIRST_PASS_SHARE, 1 - FIRST_PASS_SHARE, "encoding");
}
