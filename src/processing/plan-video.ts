import { MediaError } from "../errors.ts";
import { newId } from "../id.ts";
import type { JobRow, TaskDependencyRow, TaskRow } from "../jobs/claimed-task.ts";
import { dependencyRows, newTaskRow } from "../jobs/new-task.ts";
import type { Needs } from "../jobs/placement.ts";
import { footprintOf } from "../video/footprint.ts";
import type { VideoOutput } from "../video/output.ts";
import type { SourceDescription } from "../video/source.ts";
import { LANE_OF_TASK } from "./task-spec.ts";

interface PlannedVideo {
  newTasks: TaskRow[];
  newDependencies: TaskDependencyRow[];
}

/**
 * The tasks that a probed video calls for: one for each file, and for a stream its encoding and then its packaging.
 *
 * @throws MediaError `no_video_stream` when there is no picture to make them from.
 */
export function planVideoTasks(
  source: SourceDescription,
  outputs: readonly VideoOutput[],
  job: Pick<JobRow, "id" | "priority" | "createdAt">,
  nowMs: number,
): PlannedVideo {
  if (!source.video) {
    throw new MediaError(
      "no_video_stream",
      "The file has sound but no picture; video outputs cannot be made of it.",
    );
  }
  const owner = { jobId: job.id, priority: job.priority, jobCreatedAtMs: job.createdAt, nowMs };
  const tasks = outputs.flatMap((output) => tasksOf(source, output, nowMs));
  return {
    newTasks: tasks.map((task) => newTaskRow({ ...task, needs: needsOf(source, task, outputs) }, owner)),
    newDependencies: tasks.flatMap(dependencyRows),
  };
}

/** A task that makes an output itself takes what that takes; what only writes playlists takes next to nothing. */
function needsOf(
  source: SourceDescription,
  task: PlannedTask,
  outputs: readonly VideoOutput[],
): Needs | undefined {
  const output = outputs.find(({ name }) => task.outputNames?.includes(name));
  if (!output || task.kind === "package") return undefined;
  return { ...footprintOf(source, output), name: output.name };
}

type PlannedTask = Parameters<typeof newTaskRow>[0];

function tasksOf(source: SourceDescription, output: VideoOutput, nowMs: number): PlannedTask[] {
  const id = newId("task", nowMs);
  const outputNames = [output.name];
  switch (output.format) {
    case "mp4":
      return [{ id, kind: "transcode", lane: LANE_OF_TASK.transcode, outputNames, spec: { output, source } }];
    case "thumbnail":
      return [{ id, kind: "thumbnail", lane: LANE_OF_TASK.thumbnail, outputNames, spec: { output, source } }];
    case "hls": {
      const packaging: PlannedTask = {
        id: newId("task", nowMs),
        kind: "package",
        lane: LANE_OF_TASK.package,
        outputNames,
        spec: { name: output.name },
        dependsOn: [id],
      };
      return [{ id, kind: "stream", lane: LANE_OF_TASK.stream, spec: { output, source } }, packaging];
    }
  }
}
