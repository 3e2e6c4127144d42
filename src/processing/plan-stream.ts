import { planChunks, rangeSeconds } from "../video/chunk-plan.ts";
import { footprintOf } from "../video/footprint.ts";
import type { StreamOutput } from "../video/output.ts";
import type { SourceDescription } from "../video/source.ts";
import { planStream } from "../video/stream-plan.ts";
import { planSubtitles } from "../video/subtitles.ts";
import type { PlannedTask } from "./plan-video.ts";
import { LANE_OF_TASK } from "./task-spec.ts";

/**
 * The tasks of one stream. A short one is encoded by one task. Of a longer one the sound is one task, first in line as
 * nothing can shorten it, and each chunk of the picture is one, which counts by its length. Sound without a picture is
 * one task however long it is. Packaging waits for all.
 */
export function planStreamTasks(
  source: SourceDescription,
  output: StreamOutput,
  chunkSeconds: number,
  newTaskId: () => string,
): PlannedTask[] {
  const encoding = planEncoding(source, output, chunkSeconds, newTaskId);
  const words: PlannedTask[] =
    planSubtitles(source).length === 0
      ? []
      : [{ id: newTaskId(), kind: "subtitles", lane: LANE_OF_TASK.subtitles, spec: { source } }];
  const packaging: PlannedTask = {
    id: newTaskId(),
    kind: "package",
    lane: LANE_OF_TASK.package,
    outputNames: [output.name],
    spec: {
      ...{ name: output.name, format: output.format, encryption: output.encryption },
      ...(source.video ? {} : { soundAlone: true }),
    },
    dependsOn: [...encoding, ...words].map(({ id }) => id),
  };
  return [...encoding, ...words, packaging];
}

function planEncoding(
  source: SourceDescription,
  output: StreamOutput,
  chunkSeconds: number,
  newTaskId: () => string,
): PlannedTask[] {
  const sound: PlannedTask = {
    id: newTaskId(),
    kind: "audio",
    lane: LANE_OF_TASK.audio,
    spec: { output, source },
  };
  if (!source.video) return [sound];
  const plan = planStream(source, output);
  const ranges = planChunks(source, plan, chunkSeconds);
  const needs = { ...footprintOf(source, output), name: output.name };
  if (ranges.length === 0) {
    return [{ id: newTaskId(), kind: "stream", lane: LANE_OF_TASK.stream, needs, spec: { output, source } }];
  }
  const chunks = ranges.map(
    (range): PlannedTask => ({
      id: newTaskId(),
      kind: "chunk",
      lane: LANE_OF_TASK.chunk,
      needs,
      spec: { output, source, range },
      weight: rangeSeconds(source, plan, range),
    }),
  );
  return [...(plan.audio.length === 0 ? [] : [sound]), ...chunks];
}
