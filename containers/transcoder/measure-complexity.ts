import { toMediaError } from "../../src/errors.ts";
import type { Complexity, ComplexityPoint } from "../../src/video/complexity.ts";
import { planComplexitySamples, readComplexity } from "../../src/video/complexity-args.ts";
import type { SourceDescription } from "../../src/video/source.ts";
import { log } from "./log.ts";
import { runFfmpeg } from "./run-ffmpeg.ts";
import type { TaskContext } from "./task-context.ts";

/** What one sample may take, ms; whatever takes longer is left unmeasured. */
const SAMPLE_LIMIT_MS = 25_000;

/**
 * Encodes small copies of some seconds of a video. It is nobody's failure when that does not work: the ladder is then
 * the common one, and what is wrong with the file is said by the task that encodes it.
 */
export async function measureComplexity(
  context: TaskContext,
  source: SourceDescription,
): Promise<Complexity | undefined> {
  const { video } = source;
  if (video === undefined) return undefined;
  const { size, runs } = planComplexitySamples(source, video, context.setting);
  const measured: [ComplexityPoint, ComplexityPoint][] = [];
  for (const [i, run] of runs.entries()) {
    const signal = AbortSignal.any([context.signal, AbortSignal.timeout(SAMPLE_LIMIT_MS)]);
    try {
      const said = await runFfmpeg(
        { ...context, signal },
        { args: run.args, durationSeconds: run.seconds, onProgress: () => {} },
      );
      const points = readComplexity(said, size, video.frameRate);
      if (points !== undefined) measured.push(points);
    } catch (error) {
      context.signal.throwIfAborted();
      log("complexity left unmeasured", { sample: i, code: toMediaError(error).code });
      break;
    }
    context.progress((i + 1) / (runs.length + 1), "measuring");
  }
  return measured.length === 0 ? undefined : meanOf(measured);
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
