import { MediaError } from "../errors.ts";
import { newId } from "../id.ts";
import type { JobRow, TaskDependencyRow, TaskRow } from "../jobs/claimed-task.ts";
import { dependencyRows, newTaskRow } from "../jobs/new-task.ts";
import type { StageName } from "../progress/stages.ts";
import { footprintOf } from "../video/footprint.ts";
import type { VideoOutput } from "../video/output.ts";
import type { SourceDescription } from "../video/source.ts";
import { planStreamTasks } from "./plan-stream.ts";
import { LANE_OF_TASK } from "./task-spec.ts";

interface PlannedVideo {
  newTasks: TaskRow[];
  newDependencies: TaskDependencyRow[];
  /** The stages that the job turns out to have. */
  stages: StageName[];
}

interface Planning {
  /** Longest chunk, seconds of video. */
  chunkSeconds: number;
  nowMs: number;
}

/**
 * The tasks that a probed video calls for: one for each file, and for a stream its encoding, whole or in chunks, and
 * then its packaging.
 *
 * @throws MediaError `no_video_stream` when there is no picture to make them from, `impossible_output` when one needs
 * more than the largest slot has.
 */
export function planVideoTasks(
  source: SourceDescription,
  outputs: readonly VideoOutput[],
  job: Pick<JobRow, "id" | "priority" | "createdAt" | "stages">,
  { chunkSeconds, nowMs }: Planning,
): PlannedVideo {
  if (!source.video) {
    throw new MediaError(
      "no_video_stream",
      "The file has sound but no picture; video outputs cannot be made of it.",
    );
  }
  const owner = { jobId: job.id, priority: job.priority, jobCreatedAtMs: job.createdAt, nowMs };
  const tasks = outputs.flatMap((output) => tasksOf(source, output, { chunkSeconds, nowMs }));
  return {
    newTasks: tasks.map((task) => newTaskRow(task, owner)),
    newDependencies: tasks.flatMap(dependencyRows),
    stages: withAudioStage(job.stages as StageName[], tasks),
  };
}

export type PlannedTask = Parameters<typeof newTaskRow>[0];

function tasksOf(source: SourceDescription, output: VideoOutput, planning: Planning): PlannedTask[] {
  const id = newId("task", planning.nowMs);
  const outputNames = [output.name];
  const needs = { ...footprintOf(source, output), name: output.name };
  const spec = { output, source };
  switch (output.format) {
    case "mp4":
      return [{ id, kind: "transcode", lane: LANE_OF_TASK.transcode, outputNames, needs, spec }];
    case "thumbnail":
      return [{ id, kind: "thumbnail", lane: LANE_OF_TASK.thumbnail, outputNames, needs, spec }];
    case "hls":
    case "dash":
    case "adaptive":
      return planStreamTasks(source, output, planning.chunkSeconds, () => newId("task", planning.nowMs));
  }
}

/** Only where sound is encoded by itself is it a stage of its own. */
function withAudioStage(stages: readonly StageName[], tasks: readonly PlannedTask[]): StageName[] {
  const known = stages.filter((stage) => stage !== "audio");
  if (!tasks.some(({ kind }) => kind === "audio")) return known;
  return known.flatMap((stage) => (stage === "transcode" ? (["audio", stage] as const) : [stage]));
}
