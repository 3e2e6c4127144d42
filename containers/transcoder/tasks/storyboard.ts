import { copyFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { MediaError } from "../../../src/errors.ts";
import { fitFrame } from "../../../src/video/frame-size.ts";
import type { ProducedFile, TaskRequest, TaskResult } from "../../../src/video/protocol.ts";
import {
  lengthOfPicture,
  planStoryboard,
  type StoryboardPlan,
  storyboardVtt,
} from "../../../src/video/storyboard.ts";
import { sheetArgs, tileFile, tileRuns } from "../../../src/video/storyboard-args.ts";
import { hasBytes } from "../extract-frame.ts";
import { renderImages } from "../render-images.ts";
import { requireVideo } from "../require-video.ts";
import { runFfmpeg } from "../run-ffmpeg.ts";
import { shareOf, type TaskContext } from "../task-context.ts";

type StoryboardRequest = Extract<TaskRequest, { kind: "storyboard" }>;

/** Share of the work that finding the tiles is. */
const TILES_SHARE = 0.8;

/** Takes a tile for each interval, lays them out on sheets, and says in WebVTT which is where. */
export async function runStoryboard(context: TaskContext, request: StoryboardRequest): Promise<TaskResult> {
  const { source, output } = request;
  const video = requireVideo(source);
  const plan = planStoryboard(lengthOfPicture(source), output);
  const { width = 160, height } = output.image;
  const tile = fitFrame(video, { width, height, allowEnlarge: false });
  const runs = tileRuns(plan, video, tile, context.setting);
  for (const [i, args] of runs.entries()) {
    await runFfmpeg(context, { args, durationSeconds: 0, onProgress: () => {} });
    context.progress((TILES_SHARE * (i + 1)) / runs.length, "seeking");
  }
  await fillGaps(context, plan);
  await runFfmpeg(context, { args: sheetArgs(plan), durationSeconds: 0, onProgress: () => {} });
  return {
    kind: "files",
    files: [await storeVtt(context, request, plan, tile), ...(await sheets(context, request, plan))],
    notes: [],
  };
}

/** Where no frame was found, as at an end that comes early, the tile before stands for it. */
async function fillGaps({ folder }: TaskContext, { tiles }: StoryboardPlan): Promise<void> {
  for (let number = 1; number <= tiles; number++) {
    const file = join(folder, tileFile(number));
    if (await hasBytes(file)) continue;
    if (number === 1) throw new MediaError("corrupt_input", "No frame of the video can be decoded.");
    await copyFile(join(folder, tileFile(number - 1)), file);
  }
}

async function storeVtt(
  context: TaskContext,
  { output }: StoryboardRequest,
  plan: StoryboardPlan,
  tile: { width: number; height: number },
): Promise<ProducedFile> {
  const file = join(context.folder, "storyboard.vtt");
  await writeFile(file, storyboardVtt(plan, tile));
  const type = "text/vtt";
  const stored = await context.store(file, output.name, type);
  return { name: output.name, path: output.name, type, ...stored, durationSeconds: plan.durationSeconds };
}

async function sheets(
  context: TaskContext,
  { output }: StoryboardRequest,
  plan: StoryboardPlan,
): Promise<ProducedFile[]> {
  const files: ProducedFile[] = [];
  for (const [i, name] of plan.sheets.entries()) {
    const share = (1 - TILES_SHARE) / plan.sheets.length;
    const part = shareOf(context, TILES_SHARE + share * i, share);
    const image = { ...output.image, name, width: undefined, height: undefined };
    const sheet = join(context.folder, `sheet-${i + 1}.png`);
    files.push(...(await renderImages(part, sheet, [image], {})).map(({ file }) => file));
  }
  return files;
}
