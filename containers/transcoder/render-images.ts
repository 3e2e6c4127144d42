import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { errorCodeOf, MediaError } from "../../src/errors.ts";
import { type ImageAnalysis, imageAnalysis } from "../../src/image/analysis.ts";
import { IMAGE_MIME, type ImageOutput } from "../../src/image/output.ts";
import { isCrash } from "../../src/video/ffmpeg-errors.ts";
import type { ProducedFile } from "../../src/video/protocol.ts";
import { drawingBounds } from "./drawing.ts";
import type { LogoFiles } from "./get-logos.ts";
import { runProcess } from "./run-process.ts";
import type { TaskContext } from "./task-context.ts";

const PROGRAM = fileURLToPath(new URL("./image-program.ts", import.meta.url));

/** What the image program says on stdout, a JSON line for each output. */
export const imageReport = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("rendered"),
    file: z.string(),
    width: z.int(),
    height: z.int(),
    bytes: z.int(),
    notes: z.array(z.string()).default([]),
  }),
  z.object({ type: z.literal("analyzed"), analysis: imageAnalysis }),
  z.object({ type: z.literal("failed"), code: z.string(), message: z.string(), detail: z.string() }),
]);
export type ImageReport = z.infer<typeof imageReport>;

/** What the image program is told, as a JSON file. */
export interface ImageOrder {
  input: string;
  outputs: { file: string; output: ImageOutput }[];
  logos: LogoFiles;
  /** Whether the input itself is looked at, after its outputs. */
  analyze?: boolean | undefined;
  /** Whether warnings of the decoder are damage, too. */
  isStrict?: boolean | undefined;
}

/** A stored image, and what its maker may want to know. */
export interface StoredImage {
  file: ProducedFile;
  notes: string[];
}

/** What else is asked for, and how the input is read. */
interface Extras {
  /** Told what was learned of the input; not called when it could not be. */
  onAnalysis?: ((analysis: ImageAnalysis) => void) | undefined;
  /** Warnings of the decoder are damage, too. */
  isStrict?: boolean | undefined;
}

/**
 * Makes images of a local file and stores them. libvips runs in a process of its own, so that it can be ended at any
 * time, and its memory goes with it.
 *
 * @param input local file
 * @throws {MediaError} `corrupt_image`, `unsupported_image`, `too_many_pixels`, `drawing_too_complex`, `unusable_logo` and what storing throws
 */
export async function renderImages(
  context: TaskContext,
  input: string,
  outputs: readonly ImageOutput[],
  logos: LogoFiles,
  { onAnalysis, isStrict }: Extras = {},
): Promise<StoredImage[]> {
  const order: ImageOrder = {
    input,
    outputs: outputs.map((output, i) => ({ file: join(context.folder, `image-${i}`), output })),
    logos,
    analyze: onAnalysis !== undefined,
    isStrict,
  };
  const reports = await runImageProgram(context, order);
  const images: StoredImage[] = [];
  for (const [i, output] of outputs.entries()) {
    const report = reports[i];
    if (report?.type !== "rendered") throw new MediaError("invalid_result", "An image was not made.");
    const type = IMAGE_MIME[output.format];
    const stored = await context.store(report.file, output.name, type);
    const { width, height } = report;
    const file = { name: output.name, path: output.name, type, ...stored, width, height };
    images.push({ file, notes: report.notes });
    context.progress(0.6 + (0.4 * (i + 1)) / outputs.length, "storing");
  }
  for (const report of reports) if (report.type === "analyzed") onAnalysis?.(report.analysis);
  return images;
}

async function runImageProgram(context: TaskContext, order: ImageOrder): Promise<ImageReport[]> {
  const orderFile = join(context.folder, "images.json");
  await writeFile(orderFile, JSON.stringify(order));
  const reports: ImageReport[] = [];
  let text = "";
  let bytes = 0;
  await runProcess({
    command: process.execPath,
    args: ["--no-warnings", PROGRAM, orderFile],
    cwd: context.folder,
    signal: context.signal,
    stallMs: context.stallMs,
    bounds: await drawingBounds([order.input, ...Object.values(order.logos)]),
    onStdout: (more) => {
      const lines = (text + more).split("\n");
      text = lines.pop() ?? "";
      for (const line of lines) {
        const report = imageReport.parse(JSON.parse(line));
        reports.push(report);
        if (report.type !== "rendered") continue;
        bytes += report.bytes;
        context.countBytes("images", bytes);
        context.progress((0.6 * reports.length) / order.outputs.length, "resizing");
      }
    },
    classifyExit: ({ signal, stderr }) => classifyExit(reports, signal, stderr),
  });
  return reports;
}

function classifyExit(reports: ImageReport[], signal: string | null, stderr: string): MediaError {
  const failure = reports.find((report) => report.type === "failed");
  if (failure !== undefined) {
    return new MediaError(errorCodeOf(failure.code), failure.message, { privateDetail: failure.detail });
  }
  const code = signal === null || isCrash(signal) ? "encoder_failed" : "killed";
  return new MediaError(code, "The image process ended without a result.", { privateDetail: stderr });
}
