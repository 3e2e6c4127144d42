import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ImageOutput } from "../../../src/image/output.ts";
import type { ProducedFile, TaskRequest, TaskResult } from "../../../src/video/protocol.ts";
import { requireSound } from "../../../src/video/sound-plan.ts";
import {
  createPeakMeter,
  drawWaveform,
  samplesArgs,
  type WaveformData,
} from "../../../src/video/waveform.ts";
import { renderImages } from "../render-images.ts";
import { runFfmpeg } from "../run-ffmpeg.ts";
import { shareOf, type TaskContext } from "../task-context.ts";

type WaveformRequest = Extract<TaskRequest, { kind: "waveform" }>;

/** Share of the work that decoding is. */
const DECODING_SHARE = 0.8;

/** Measures the peaks of the sound, and stores them as data or as a picture. */
export async function runWaveform(context: TaskContext, request: WaveformRequest): Promise<TaskResult> {
  const { output } = request;
  const peaks = await measurePeaks(context, request);
  if (output.as === "json") {
    const file = await storeText(context, output.name, "application/json", JSON.stringify(peaks));
    return { kind: "files", files: [file], notes: [] };
  }
  const drawing = drawWaveform(peaks, output);
  const { width, height } = output;
  if (output.as === "svg") {
    const file = await storeText(context, output.name, "image/svg+xml", drawing);
    return { kind: "files", files: [{ ...file, width, height }], notes: [] };
  }
  return { kind: "files", files: await rasterize(context, request, drawing), notes: [] };
}

async function measurePeaks(
  context: TaskContext,
  { source, output }: WaveformRequest,
): Promise<WaveformData> {
  const { trackIndex, sampleRate } = requireSound(source);
  const meter = createPeakMeter(sampleRate, source.durationSeconds, output.points);
  await runFfmpeg(context, {
    args: samplesArgs(trackIndex, sampleRate, context.setting),
    durationSeconds: source.durationSeconds,
    onProgress: ({ fraction }) => context.progress(fraction * DECODING_SHARE, "measuring"),
    readers: [
      async (pipe) => {
        for await (const piece of pipe) meter.push(piece as Uint8Array);
      },
    ],
  });
  return meter.finish();
}

async function storeText(
  context: TaskContext,
  name: string,
  type: string,
  text: string,
): Promise<ProducedFile> {
  const file = join(context.folder, "waveform");
  await writeFile(file, text);
  return { name, path: name, type, ...(await context.store(file, name, type)) };
}

async function rasterize(
  context: TaskContext,
  { output }: WaveformRequest,
  drawing: string,
): Promise<ProducedFile[]> {
  const file = join(context.folder, "waveform.svg");
  await writeFile(file, drawing);
  const image: ImageOutput = {
    name: output.name,
    format: "png",
    resizeMode: "fit",
    allowEnlarge: false,
    position: { x: 0.5, y: 0.5 },
    background: [255, 255, 255, 0],
    quality: 90,
  };
  const part = shareOf(context, DECODING_SHARE, 1 - DECODING_SHARE);
  return (await renderImages(part, file, [image], {})).map(({ file: made }) => made);
}
