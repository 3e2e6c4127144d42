import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { ERRORS, MediaError } from "../../../src/errors.ts";
import { cleanVtt } from "../../../src/video/clean-vtt.ts";
import type { TaskRequest, TaskResult } from "../../../src/video/protocol.ts";
import {
  planSubtitles,
  type SubtitlePlan,
  type SubtitleTrack,
  subtitleArgs,
} from "../../../src/video/subtitles.ts";
import { runFfmpeg } from "../run-ffmpeg.ts";
import type { TaskContext } from "../task-context.ts";

type SubtitlesRequest = Extract<TaskRequest, { kind: "subtitles" }>;

/** More text than a day of speech, characters: what is beyond is read and left out. */
const MAX_CHARACTERS = 8_000_000;
const READING_SHARE = 0.9;

/** Writes every text track of the source as WebVTT. Words that cannot be read are no reason to have no film. */
export async function runSubtitles(context: TaskContext, { source }: SubtitlesRequest): Promise<TaskResult> {
  const plans = planSubtitles(source);
  const read = plans.map(() => ({ text: "", isCut: false }));
  const notes: string[] = [];
  try {
    await runFfmpeg(context, {
      args: subtitleArgs(plans, context.setting),
      durationSeconds: source.durationSeconds,
      isQuietAtFirst: true,
      onProgress: ({ fraction }) => context.progress(fraction * READING_SHARE, "encoding"),
      readers: read.map((kept) => (pipe) => keepText(pipe, kept)),
    });
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof MediaError) || ERRORS[error.code].class !== "input") throw error;
    notes.push(`The subtitles could not be read to their end: ${error.message}`);
  }
  const subtitles: SubtitleTrack[] = [];
  for (const [i, plan] of plans.entries()) {
    const vtt = cleanVtt(read[i]?.text ?? "", source.startSeconds, source.durationSeconds);
    if (vtt.isCut || read[i]?.isCut) notes.push(`The track ${plan.id} has more text than is kept.`);
    if (vtt.cues > 0) subtitles.push(await storeTrack(context, plan, vtt));
    else notes.push(`The track ${plan.id} has no words in it.`);
  }
  return { kind: "tracks", tracks: [], durationSeconds: source.durationSeconds, notes, subtitles };
}

async function keepText(pipe: Readable, kept: { text: string; isCut: boolean }): Promise<void> {
  for await (const piece of pipe.setEncoding("utf8")) {
    if (kept.text.length < MAX_CHARACTERS) kept.text += piece;
    else kept.isCut = true;
  }
}

async function storeTrack(
  context: TaskContext,
  { trackIndex: _, ...plan }: SubtitlePlan,
  { text, cues }: { text: string; cues: number },
): Promise<SubtitleTrack> {
  const path = `${plan.id}.vtt`;
  const local = join(context.folder, path);
  await writeFile(local, text);
  const { bytes } = await context.store(local, path, "text/vtt");
  return { ...plan, path, bytes, cues };
}
