import { stat } from "node:fs/promises";
import { join } from "node:path";
import { MediaError } from "../../../src/errors.ts";
import { isSilent, type Loudness, noteOnLoudness, readLoudness } from "../../../src/video/loudness.ts";
import type { FfmpegProgress } from "../../../src/video/progress.ts";
import type { TaskRequest, TaskResult } from "../../../src/video/protocol.ts";
import {
  measuringArgs,
  planSound,
  SOUND_MIME,
  type SoundPlan,
  soundArgs,
} from "../../../src/video/sound-plan.ts";
import { probeFile, runFfmpeg } from "../run-ffmpeg.ts";
import { shareOf, type TaskContext } from "../task-context.ts";

type SoundRequest = Extract<TaskRequest, { kind: "sound" }>;

/** Makes one file of sound, brought to a loudness where one is asked for. */
export async function runSound(context: TaskContext, request: SoundRequest): Promise<TaskResult> {
  const plan = planSound(request.source, request.output);
  const { output } = plan;
  const measured = await measure(shareOf(context, 0, 0.4), plan);
  const file = join(context.folder, `sound.${output.format}`);
  const printed = await encode(
    measured ? shareOf(context, 0.4, 0.55) : shareOf(context, 0, 0.95),
    plan,
    file,
    measured,
  );
  context.countBytes(file, (await stat(file)).size);
  context.signal.throwIfAborted();
  const durationSeconds = await verify(context, plan, file);
  const type = SOUND_MIME[output.format];
  const stored = await context.store(file, output.name, type);
  return {
    kind: "files",
    files: [{ name: output.name, path: output.name, type, ...stored, durationSeconds }],
    notes: notesOn(plan, measured, printed),
  };
}

/** `undefined` where no loudness is asked for, and of silence. */
async function measure(context: TaskContext, plan: SoundPlan): Promise<Loudness | undefined> {
  const { loudness } = plan.output;
  if (loudness === undefined) return undefined;
  const printed = await runFfmpeg(context, {
    args: measuringArgs(plan, loudness, context.setting),
    durationSeconds: plan.durationSeconds,
    onProgress: (progress) => context.progress(progress.fraction, "measuring", progress),
  });
  const { before } = readLoudness(printed);
  return isSilent(before) ? undefined : before;
}

function encode(context: TaskContext, plan: SoundPlan, file: string, measured?: Loudness): Promise<string> {
  return runFfmpeg(context, {
    args: soundArgs(plan, context.setting, file, measured),
    durationSeconds: plan.durationSeconds,
    onProgress: (progress: FfmpegProgress) => {
      context.countBytes(file, progress.totalBytes ?? 0);
      context.progress(progress.fraction, "encoding", progress);
    },
  });
}

/** Reads the file back and gives its length, s. */
async function verify(context: TaskContext, plan: SoundPlan, file: string): Promise<number> {
  const made = await probeFile(context, file).catch((cause) => {
    context.signal.throwIfAborted();
    throw new MediaError("invalid_result", "The encoded file cannot be read back.", { cause });
  });
  const [track, ...others] = made.audio;
  if (track?.channels !== plan.channels || others.length > 0 || made.video !== undefined) {
    throw new MediaError("invalid_result", "The encoded file is not what was planned.");
  }
  return made.durationSeconds;
}

function notesOn({ output }: SoundPlan, measured: Loudness | undefined, printed: string): string[] {
  if (output.loudness === undefined) return [];
  if (measured === undefined) return [`${output.name} is silent, so its loudness was left as it is.`];
  return [noteOnLoudness(output.name, measured, readLoudness(printed).after)];
}
