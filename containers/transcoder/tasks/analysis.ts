import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { ANALYSED_RATE, planAnalysis } from "../../../src/video/analysis-args.ts";
import { type Stretch, shotsName } from "../../../src/video/analysis-output.ts";
import { createPictureMeter } from "../../../src/video/picture-analysis.ts";
import type { ProducedFile, TaskRequest, TaskResult } from "../../../src/video/protocol.ts";
import { createSoundMeter } from "../../../src/video/sound-analysis.ts";
import { formatCueTime } from "../../../src/video/web-vtt.ts";
import { runFfmpeg } from "../run-ffmpeg.ts";
import type { TaskContext } from "../task-context.ts";

type AnalysisRequest = Extract<TaskRequest, { kind: "analysis" }>;

/** Looks at and listens to the whole file in one decode, and stores what it found. */
export async function runAnalysis(context: TaskContext, request: AnalysisRequest): Promise<TaskResult> {
  const { source, output } = request;
  const picture = createPictureMeter();
  const sound = createSoundMeter(ANALYSED_RATE);
  const run = planAnalysis(source, context.setting);
  const pushTo = {
    picture: (piece: Buffer) => picture.push(piece.toString("latin1")),
    sound: (piece: Buffer) => sound.push(piece),
  };
  await runFfmpeg(context, {
    args: run.args,
    durationSeconds: source.durationSeconds,
    onProgress: (progress) => context.progress(progress.fraction * 0.95, "measuring", progress),
    readers: run.readers.map((reader) => async (pipe: Readable) => {
      for await (const piece of pipe) pushTo[reader](piece as Buffer);
    }),
  });
  const length = source.video?.durationSeconds ?? source.durationSeconds;
  const seen = run.readers.includes("picture") ? picture.finish(length) : undefined;
  const heard = run.readers.includes("sound") ? { audio: sound.finish() } : {};
  const found = { version: 1, duration: source.durationSeconds, ...seen, ...heard, source };
  const files = [await store(context, output.name, "application/json", JSON.stringify(found))];
  if (seen) files.push(await store(context, shotsName(output), "text/vtt", chaptersOf(seen.shots)));
  return { kind: "files", files, notes: [] };
}

/** Shots as chapters that players show (https://www.w3.org/TR/webvtt1/#introduction-chapters). */
function chaptersOf(shots: readonly Stretch[]): string {
  const cues = shots.map(({ start, end }, i) => {
    return `${formatCueTime(start)} --> ${formatCueTime(Math.max(end, start + 0.001))}\nShot ${i + 1}\n`;
  });
  return ["WEBVTT\n", ...cues].join("\n");
}

async function store(context: TaskContext, name: string, type: string, text: string): Promise<ProducedFile> {
  const file = join(context.folder, "analysis");
  await writeFile(file, text);
  return { name, path: name, type, ...(await context.store(file, name, type)) };
}
