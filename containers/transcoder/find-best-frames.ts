import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { pickBestFrames } from "../../src/video/best-frames.ts";
import { type FrameLook, lookAt } from "../../src/video/frame-look.ts";
import { planSamples, type SamplePlan } from "../../src/video/sample-args.ts";
import type { SourceDescription } from "../../src/video/source.ts";
import { runFfmpeg } from "./run-ffmpeg.ts";
import type { TaskContext } from "./task-context.ts";

/** The times of the best frames of a video, s, in its order; fewer than asked for when it has fewer. */
export async function findBestFrames(
  context: TaskContext,
  source: SourceDescription,
  count: number,
): Promise<number[]> {
  if (source.video === undefined) return [0];
  const plan = planSamples(source, source.video, context.setting);
  const looks: FrameLook[] = [];
  for (const run of plan.runs) {
    await runFfmpeg(context, { args: run.args, durationSeconds: 0, onProgress: () => {} });
    looks.push(...(await looksIn(context, plan, run)));
  }
  return pickBestFrames(looks, count).map(({ atSeconds }) => atSeconds);
}

async function looksIn(
  { folder }: TaskContext,
  { size }: SamplePlan,
  { file, times }: SamplePlan["runs"][number],
): Promise<FrameLook[]> {
  const path = join(folder, file);
  const pixels = await readFile(path).catch(() => new Uint8Array(0));
  await rm(path, { force: true });
  const frameBytes = size.width * size.height;
  const frames = Math.min(times.length, Math.floor(pixels.length / frameBytes));
  return times.slice(0, frames).map((atSeconds, i) => {
    return lookAt(atSeconds, pixels.subarray(i * frameBytes, (i + 1) * frameBytes), size.width, size.height);
  });
}
