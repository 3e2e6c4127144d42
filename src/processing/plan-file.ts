import { planChunks, rangeSeconds } from "../video/chunk-plan.ts";
import type { FileOutput } from "../video/file-output.ts";
import { planFileParts } from "../video/file-parts.ts";
import { planFile } from "../video/file-plan.ts";
import { footprintOf } from "../video/footprint.ts";
import type { SourceDescription } from "../video/source.ts";
import type { PlannedTask } from "./plan-video.ts";
import { requireRoom } from "./require-room.ts";
import { LANE_OF_TASK } from "./task-spec.ts";

/**
 * The tasks of one file. A short one, and one that asks for what parts cannot have, is encoded by one task. A longer one
 * is encoded as a stream would be, each chunk and the sound by itself, and then stitched. On the disk of the last task
 * lies the file twice: as its parts and as it is joined.
 *
 * @throws MediaError `impossible_output`
 */
export function planFileTasks(
  source: SourceDescription,
  output: FileOutput,
  chunkSeconds: number,
  newTaskId: () => string,
): PlannedTask[] {
  const { memoryBytes, diskBytes } = footprintOf(source, output);
  requireRoom(output, { memoryBytes, diskBytes });
  // What cannot be is refused now, not after everything else was made.
  planFile(source, output);
  const plan = planFileParts(source, output);
  const ranges = plan === undefined ? [] : planChunks(source, plan, chunkSeconds);
  const outputNames = [output.name];
  const spec = { output, source };
  if (plan === undefined || ranges.length === 0) {
    const needs = { memoryBytes, diskBytes, name: output.name };
    return [{ id: newTaskId(), kind: "transcode", lane: LANE_OF_TASK.transcode, outputNames, needs, spec }];
  }
  const sound: PlannedTask[] =
    plan.audio.length === 0 ? [] : [{ id: newTaskId(), kind: "audio", lane: LANE_OF_TASK.audio, spec }];
  const chunks = ranges.map(
    (range): PlannedTask => ({
      id: newTaskId(),
      kind: "chunk",
      lane: LANE_OF_TASK.chunk,
      needs: { memoryBytes, diskBytes: 0, name: output.name },
      spec: { ...spec, range },
      weight: rangeSeconds(source, plan, range),
    }),
  );
  const stitching: PlannedTask = {
    id: newTaskId(),
    kind: "stitch",
    lane: LANE_OF_TASK.stitch,
    outputNames,
    needs: { memoryBytes: 0, diskBytes: 2 * diskBytes, name: output.name },
    spec,
    dependsOn: [...sound, ...chunks].map(({ id }) => id),
  };
  return [...sound, ...chunks, stitching];
}
