import { MediaError, toMediaError } from "../../src/errors.ts";
import type { HardwareEncoder, TaskEvent, TaskRequest, TaskResult } from "../../src/video/protocol.ts";
import type { FfmpegCapabilities, PictureCapabilities } from "./capabilities.ts";
import type { TranscoderConfig } from "./config.ts";
import { takeCpuSeconds } from "./cpu-time.ts";
import { withoutUrls } from "./log.ts";
import { takePeak } from "./peak-memory.ts";
import { createTaskContext, type TaskContext } from "./task-context.ts";
import { runAnalysis } from "./tasks/analysis.ts";
import { runAudio } from "./tasks/audio.ts";
import { runChunk } from "./tasks/chunk.ts";
import { runImage } from "./tasks/image.ts";
import { runPreview } from "./tasks/preview.ts";
import { runProbe } from "./tasks/probe.ts";
import { runSound } from "./tasks/sound.ts";
import { runStitch } from "./tasks/stitch.ts";
import { runStoryboard } from "./tasks/storyboard.ts";
import { runStream } from "./tasks/stream.ts";
import { runSubtitles } from "./tasks/subtitles.ts";
import { runThumbnail } from "./tasks/thumbnail.ts";
import { runTranscode } from "./tasks/transcode.ts";
import { runWaveform } from "./tasks/waveform.ts";
import { createWorkFolder, removeWorkFolder } from "./work-folder.ts";

/** The server that a task runs on. */
export interface Machine {
  config: TranscoderConfig;
  capabilities: FfmpegCapabilities & PictureCapabilities;
  /** Undefined until they have been tried. */
  hardwareEncoders?: HardwareEncoder[];
}

export type FinalEvent = Extract<TaskEvent, { type: "done" | "error" }>;

/**
 * Runs one task to its end, in a folder of its own that is gone when this resolves. Never throws: every failure is the
 * final event.
 *
 * @param controller ends the task; the reason it is aborted with becomes the error
 */
export async function runTask(
  machine: Machine,
  request: TaskRequest,
  controller: AbortController,
  emit: (event: TaskEvent) => void,
): Promise<FinalEvent> {
  const abort = (reason: MediaError) => controller.abort(reason);
  const timer = setTimeout(() => abort(timedOut(request)), request.timeLimitMs);
  let folder: string | undefined;
  try {
    if (request.inputBytes === 0) throw new MediaError("empty_file", "The file is empty.");
    folder = await createWorkFolder(machine.config.workDir, request.attemptId);
    const setting = {
      inputUrl: request.inputUrl,
      threads: Math.min(request.threads ?? Number.POSITIVE_INFINITY, machine.config.ffmpegThreads),
      toneMapping: machine.capabilities.toneMapping,
    };
    const { signal } = controller;
    const { encoders } = machine.capabilities;
    const { stallMs, sampleLimitMs } = machine.config;
    const place = { request, folder, signal, stallMs, sampleLimitMs };
    const context = createTaskContext({ ...place, setting, encoders, emit, abort });
    const result = await runKind(context, request);
    controller.signal.throwIfAborted();
    return { type: "done", result, ...usageIn(folder) };
  } catch (thrown) {
    const event = errorEvent(controller.signal.aborted ? controller.signal.reason : thrown);
    return folder === undefined ? event : { ...event, ...usageIn(folder) };
  } finally {
    clearTimeout(timer);
    if (folder !== undefined) await removeWorkFolder(folder);
  }
}

/** What the processes of a task used; asked for once, at its end. */
function usageIn(folder: string): { peakMemoryBytes?: number; cpuSeconds?: number } {
  const peakMemoryBytes = takePeak(folder);
  const cpuSeconds = takeCpuSeconds(folder);
  return {
    ...(peakMemoryBytes !== undefined && { peakMemoryBytes }),
    ...(cpuSeconds !== undefined && { cpuSeconds }),
  };
}

function runKind(context: TaskContext, request: TaskRequest): Promise<TaskResult> {
  switch (request.kind) {
    case "probe":
      return runProbe(context, request);
    case "image":
      return runImage(context, request);
    case "transcode":
      return runTranscode(context, request);
    case "stream":
      return runStream(context, request);
    case "chunk":
      return runChunk(context, request);
    case "audio":
      return runAudio(context, request);
    case "subtitles":
      return runSubtitles(context, request);
    case "stitch":
      return runStitch(context, request);
    case "thumbnail":
      return runThumbnail(context, request);
    case "storyboard":
      return runStoryboard(context, request);
    case "preview":
      return runPreview(context, request);
    case "sound":
      return runSound(context, request);
    case "analysis":
      return runAnalysis(context, request);
    case "waveform":
      return runWaveform(context, request);
  }
}

function timedOut(request: TaskRequest): MediaError {
  return new MediaError("timeout", `The task took longer than its ${request.timeLimitMs / 1000} s.`);
}

function errorEvent(thrown: unknown): FinalEvent {
  const error = toMediaError(thrown);
  const detail = error.privateDetail ?? causeOf(error);
  return {
    type: "error",
    code: error.code,
    message: error.message,
    ...(detail === undefined ? {} : { detail: withoutUrls(detail) }),
  };
}

function causeOf(error: MediaError): string | undefined {
  return error.cause instanceof Error ? error.cause.message : undefined;
}
