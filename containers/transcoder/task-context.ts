import { MediaError } from "../../src/errors.ts";
import type { FfmpegSetting } from "../../src/video/ffmpeg-args.ts";
import type { FfmpegProgress } from "../../src/video/progress.ts";
import type { TaskEvent, TaskRequest } from "../../src/video/protocol.ts";
import { putFile } from "./object-transfer.ts";
import type { RunPlace } from "./run-ffmpeg.ts";

type ProgressEvent = Extract<TaskEvent, { type: "progress" }>;

/** What is known of the work beside its share: as ffmpeg measures it, and what the task itself counts. */
export type Measures = Partial<FfmpegProgress> &
  Pick<ProgressEvent, "resolution" | "processedItems" | "totalItems">;

/** What a task has in hand while it runs. */
export interface TaskContext extends RunPlace {
  request: TaskRequest;
  setting: FfmpegSetting;
  /** Names of the encoders that ffmpeg has. */
  encoders: readonly string[];
  /** What one sample of a picture's complexity may take, ms. */
  sampleLimitMs: number;
  /** Reports a share of the work, 0–1. What would go backwards is reported as standing still. */
  progress: (fraction: number, operation: string, measures?: Measures) => void;
  /**
   * Says how many bytes were written in all so far under `name`; ends the task when the sum of all names is more than
   * it may write.
   */
  countBytes: (name: string, bytes: number) => void;
  /** Stores a local file under the task's output folder. */
  store: (file: string, path: string, type: string) => Promise<{ bytes: number; sha256: string }>;
}

/** The context of a part of a task: its 0–1 counts `share` of the whole, from `from` on. */
export function shareOf(context: TaskContext, from: number, share: number): TaskContext {
  return {
    ...context,
    progress: (fraction, operation, measures) =>
      context.progress(from + fraction * share, operation, measures),
  };
}

interface ContextParts extends RunPlace {
  request: TaskRequest;
  setting: FfmpegSetting;
  encoders: readonly string[];
  sampleLimitMs: number;
  emit: (event: TaskEvent) => void;
  /** Ends the task with this reason. */
  abort: (reason: MediaError) => void;
}

export function createTaskContext(parts: ContextParts): TaskContext {
  const { request, folder, signal, stallMs, setting, encoders, sampleLimitMs } = parts;
  return {
    request,
    folder,
    signal,
    stallMs,
    setting,
    encoders,
    sampleLimitMs,
    progress: progressReporter(parts.emit),
    countBytes: outputCounter(request.maxOutputBytes, parts.abort),
    store: (file, path, type) => putFile({ baseUrl: request.outputBaseUrl, path, file, type, signal }),
  };
}

function progressReporter(emit: ContextParts["emit"]): TaskContext["progress"] {
  let highest = 0;
  return (fraction, operation, measures = {}) => {
    highest = Math.max(highest, Math.min(1, fraction));
    const { totalBytes: _written, ...shown } = measures;
    emit({ ...shown, type: "progress", fraction: highest, operation });
  };
}

function outputCounter(maxBytes: number, abort: ContextParts["abort"]): TaskContext["countBytes"] {
  const written = new Map<string, number>();
  return (name, bytes) => {
    written.set(name, bytes);
    const total = [...written.values()].reduce((sum, each) => sum + each, 0);
    if (total <= maxBytes) return;
    abort(
      new MediaError("disk_full", `The output grew beyond the ${maxBytes} bytes that the task may write.`),
    );
  };
}
