import { stat } from "node:fs/promises";
import { join } from "node:path";
import { MediaError } from "../../../src/errors.ts";
import { CONTAINERS } from "../../../src/video/codecs.ts";
import { planFile } from "../../../src/video/file-plan.ts";
import type { TaskRequest, TaskResult } from "../../../src/video/protocol.ts";
import { stitchArgs } from "../../../src/video/stitch.ts";
import { getParts } from "../get-parts.ts";
import { runFfmpeg } from "../run-ffmpeg.ts";
import type { TaskContext } from "../task-context.ts";
import { verifyFile } from "../verify-file.ts";

type StitchRequest = Extract<TaskRequest, { kind: "stitch" }>;

const FETCHING_SHARE = 0.6;
const JOINING_SHARE = 0.35;

/** Joins what was encoded in parts into one file, without encoding again. */
export async function runStitch(context: TaskContext, request: StitchRequest): Promise<TaskResult> {
  const { output, source, tracks } = request;
  const total = tracks.reduce((sum, { parts }) => sum + parts.length, 0);
  let fetched = 0;
  const files: { kind: "video" | "audio"; file: string }[] = [];
  for (const [i, track] of tracks.entries()) {
    const file = join(context.folder, `track-${i}.mp4`);
    await getParts(context, request.partsUrl, track.parts, file, () => {
      fetched += 1;
      const measures = { processedItems: fetched, totalItems: total };
      context.progress((FETCHING_SHARE * fetched) / total, "fetching", measures);
    });
    files.push({ kind: track.kind, file });
  }
  const file = join(context.folder, `output.${output.format}`);
  const durationSeconds = Math.max(...tracks.map((track) => track.durationSeconds));
  await runFfmpeg(context, {
    args: stitchArgs(output, files, context.setting, file),
    durationSeconds,
    onProgress: ({ fraction }) => context.progress(FETCHING_SHARE + fraction * JOINING_SHARE, "joining"),
  });
  context.countBytes(file, (await stat(file)).size);
  const { size } = planFile(source, output).layout;
  const sound = tracks.filter(({ kind }) => kind === "audio").length;
  const made = await verifyFile(context, file, { size, codec: output.videoCodec ?? "h264", tracks: sound });
  requireFrames(made.frameCount, tracks.find(({ kind }) => kind === "video")?.frames);
  context.progress(0.96, "storing");
  const { name, format } = output;
  const type = CONTAINERS[format].mime;
  const stored = await context.store(file, name, type);
  const { durationSeconds: length } = made;
  return {
    kind: "files",
    files: [{ name, path: name, type, ...stored, ...size, durationSeconds: length }],
    notes: [],
  };
}

/** None was lost and none came twice, where the container tells how many there are. */
function requireFrames(made: number | undefined, planned: number | undefined): void {
  if (made === undefined || planned === undefined || made === planned) return;
  throw new MediaError("invalid_result", "The joined file does not have every frame once.", {
    privateDetail: `${made} frames, of ${planned}`,
  });
}
