import { ERRORS, MediaError, toMediaError } from "../../src/errors.ts";
import type { Complexity, ComplexityFailure, ComplexityPoint } from "../../src/video/complexity.ts";
import { planComplexitySamples, readComplexity } from "../../src/video/complexity-args.ts";
import type { SourceDescription, VideoDescription } from "../../src/video/source.ts";
import { log } from "./log.ts";
import { runFfmpeg } from "./run-ffmpeg.ts";
import type { TaskContext } from "./task-context.ts";

/** Of the samples that were planned; fewer may be the titles alone. */
const LEAST_MEASURED_SHARE = 0.5;

type Measured = { complexity: Complexity } | { complexityFailure: ComplexityFailure };
type Points = [ComplexityPoint, ComplexityPoint];

/**
 * Encodes small copies of some seconds of a video. It is nobody's failure when that does not work: the ladder is then
 * the common one, the plan says why, and what is wrong with the file is said by the task that encodes it.
 */
export async function measureComplexity(
  context: TaskContext,
  source: SourceDescription,
  video: VideoDescription,
): Promise<Measured> {
  const { size, runs } = planComplexitySamples(source, video, context.setting);
  const measured: Points[] = [];
  let failure: MediaError | undefined;
  for (const [i, run] of runs.entries()) {
    try {
      const points = readComplexity(await encodeSample(context, run), size, video.frameRate);
      if (points !== undefined) measured.push(points);
    } catch (error) {
      context.signal.throwIfAborted();
      failure = toMediaError(error);
      const { code } = failure;
      log("complexity_unmeasured", { sample: i + 1, of: runs.length, code, class: ERRORS[code].class });
      break;
    }
    context.progress((i + 1) / (runs.length + 1), "measuring");
  }
  if (measured.length > 0 && measured.length >= runs.length * LEAST_MEASURED_SHARE) {
    return { complexity: meanOf(measured) };
  }
  const { code, message } = failure ?? NO_FRAMES;
  return { complexityFailure: { code, message } };
}

const NO_FRAMES = new MediaError("corrupt_input", "No frame could be decoded where the picture was sampled.");

/** @throws {MediaError} `timeout` where a sample takes longer than it may, and what {@link runFfmpeg} throws */
async function encodeSample(
  context: TaskContext,
  { args, seconds }: { args: string[]; seconds: number },
): Promise<string> {
  const limit = new AbortController();
  const limitMs = context.sampleLimitMs;
  const tooLong = new MediaError("timeout", `A sample of the picture took longer than ${limitMs / 1000} s.`);
  const timer = setTimeout(() => limit.abort(tooLong), limitMs);
  const signal = AbortSignal.any([context.signal, limit.signal]);
  try {
    return await runFfmpeg({ ...context, signal }, { args, durationSeconds: seconds, onProgress: () => {} });
  } finally {
    clearTimeout(timer);
  }
}

function meanOf(measured: readonly [ComplexityPoint, ComplexityPoint][]): Complexity {
  const mean = (i: 0 | 1): ComplexityPoint => ({
    crf: measured[0]?.[i].crf ?? 0,
    bitsPerPixel: rounded(average(measured.map((points) => points[i].bitsPerPixel))),
    ssim: rounded(average(measured.map((points) => points[i].ssim))),
  });
  return { samples: measured.length, points: [mean(0), mean(1)] };
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function rounded(value: number): number {
  return Number(value.toPrecision(5));
}
