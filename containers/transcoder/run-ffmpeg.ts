import type { Readable } from "node:stream";
import { MediaError } from "../../src/errors.ts";
import { describeSource } from "../../src/video/describe-source.ts";
import { probeArgs } from "../../src/video/ffmpeg-args.ts";
import { classifyFfmpegExit } from "../../src/video/ffmpeg-errors.ts";
import { createProgressParser, type FfmpegProgress } from "../../src/video/progress.ts";
import type { SourceDescription } from "../../src/video/source.ts";
import { runProcess } from "./run-process.ts";

/** Where and for how long ffmpeg may run. */
export interface RunPlace {
  /** Folder of the task. */
  folder: string;
  signal: AbortSignal;
  /** A process that stands still for so long is ended. */
  stallMs: number;
}

interface FfmpegRun {
  args: string[];
  /** Length of what is encoded, s; what the fraction counts against. */
  durationSeconds: number;
  /** How many frames that is, for a part of the source. */
  frames?: number;
  /** Much is decoded before the first frame that is wanted: silence means nothing. */
  isQuietAtFirst?: boolean;
  onProgress: (progress: FfmpegProgress) => void;
  /** Readers of `pipe:3`, `pipe:4`, … */
  readers?: ((pipe: Readable) => Promise<void>)[];
}

/**
 * Runs ffmpeg and gives what it complained about although it succeeded.
 * @throws {MediaError} as {@link classifyFfmpegExit}, or the reason of the signal
 */
export function runFfmpeg(place: RunPlace, run: FfmpegRun): Promise<string> {
  const parse = createProgressParser(run.durationSeconds, run.frames);
  let reached = 0;
  return runProcess({
    command: "ffmpeg",
    args: run.args,
    cwd: place.folder,
    signal: place.signal,
    stallMs: place.stallMs,
    tellsProgress: run.durationSeconds > 0 && run.isQuietAtFirst !== true,
    onStdout: (text) => {
      const blocks = parse(text);
      blocks.forEach(run.onProgress);
      const before = reached;
      for (const { outTimeSeconds, totalBytes = 0 } of blocks) {
        reached = Math.max(reached, outTimeSeconds + totalBytes);
      }
      return reached > before;
    },
    ...(run.readers === undefined ? {} : { readers: run.readers }),
    classifyExit: classifyFfmpegExit,
  });
}

/** Describes the media behind an HTTP URL. */
export function probeUrl(place: RunPlace, url: string): Promise<SourceDescription> {
  return runFfprobe(place, probeArgs(url));
}

/** Describes a file that this server wrote itself. */
export function probeFile(place: RunPlace, path: string): Promise<SourceDescription> {
  const report = ["-print_format", "json", "-show_format", "-show_streams"];
  return runFfprobe(place, ["-v", "error", "-protocol_whitelist", "file", ...report, path]);
}

/** What ffprobe writes to stdout. */
export async function readFfprobe(place: RunPlace, args: string[]): Promise<string> {
  let written = "";
  await runProcess({
    command: "ffprobe",
    args,
    cwd: place.folder,
    signal: place.signal,
    stallMs: place.stallMs,
    onStdout: (text) => {
      written += text;
      return true;
    },
    classifyExit: classifyFfmpegExit,
  });
  return written;
}

async function runFfprobe(place: RunPlace, args: string[]): Promise<SourceDescription> {
  const json = await readFfprobe(place, args);
  try {
    return describeSource(JSON.parse(json));
  } catch (error) {
    if (error instanceof MediaError) throw error;
    throw new MediaError("corrupt_input", "The file could not be analysed.", { cause: error });
  }
}
