import { newId } from "../id.ts";
import type { JobRow, TaskDependencyRow, TaskRow } from "../jobs/claimed-task.ts";
import { dependencyRows, newTaskRow } from "../jobs/new-task.ts";
import { STAGE_OF_TASK, type StageName } from "../progress/stages.ts";
import { shotsName } from "../video/analysis-output.ts";
import { footprintOf } from "../video/footprint.ts";
import type { VideoOutput } from "../video/output.ts";
import type { SourceDescription } from "../video/source.ts";
import { lengthOfPicture, planStoryboard } from "../video/storyboard.ts";
import { planFileTasks } from "./plan-file.ts";
import { planStills } from "./plan-stills.ts";
import { planStreamTasks } from "./plan-stream.ts";
import { requireTracks } from "./require-tracks.ts";
import { LANE_OF_TASK } from "./task-spec.ts";

export interface PlannedVideo {
  newTasks: TaskRow[];
  newDependencies: TaskDependencyRow[];
  /** The stages that the job turns out to have. */
  stages: StageName[];
}

export interface Planning {
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
  for (const output of outputs) requireTracks(source, output);
  const owner = { jobId: job.id, priority: job.priority, jobCreatedAtMs: job.createdAt, nowMs };
  const tasks = [
    ...planStills(source, outputs, nowMs),
    ...outputs.flatMap((output) => tasksOf(source, output, { chunkSeconds, nowMs })),
  ];
  return {
    newTasks: tasks.map((task) => newTaskRow(task, owner)),
    newDependencies: tasks.flatMap(dependencyRows),
    stages: withStagesOf(tasks, job.stages as StageName[]),
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
    case "webm":
    case "mkv":
    case "ts":
      return planFileTasks(source, output, planning.chunkSeconds, () => newId("task", planning.nowMs));
    case "thumbnail":
      return [];
    case "storyboard": {
      const { sheets } = planStoryboard(lengthOfPicture(source), output);
      const names = [...outputNames, ...sheets];
      return [{ id, kind: "storyboard", lane: LANE_OF_TASK.storyboard, outputNames: names, needs, spec }];
    }
    case "preview":
      return [{ id, kind: "preview", lane: LANE_OF_TASK.preview, outputNames, needs, spec }];
    case "m4a":
    case "mp3":
    case "ogg":
      return [{ id, kind: "sound", lane: LANE_OF_TASK.sound, outputNames, needs, spec }];
    case "analysis": {
      const names = source.video ? [...outputNames, shotsName(output)] : outputNames;
      return [{ id, kind: "analysis", lane: LANE_OF_TASK.analysis, outputNames: names, needs, spec }];
    }
    case "waveform":
      return [{ id, kind: "waveform", lane: LANE_OF_TASK.waveform, outputNames, needs, spec }];
    case "hls":
    case "dash":
    case "adaptive":
      return planStreamTasks(source, output, planning.chunkSeconds, () => newId("task", planning.nowMs));
  }
}

/** Only where sound is encoded by itself, or parts are joined, is that a stage of its own; sound alone has no other. */
function withStagesOf(tasks: readonly PlannedTask[], stages: readonly StageName[]): StageName[] {
  const has = (stage: StageName) => tasks.some(({ kind }) => STAGE_OF_TASK[kind] === stage);
  const isHad = (stage: StageName) => stage !== "audio" && (stage !== "transcode" || has(stage));
  const known = stages.filter(isHad);
  const heard = has("audio") ? insertedBehind(known, "analysis", "audio") : known;
  return has("packaging") && !heard.includes("packaging")
    ? insertedBehind(heard, "transcode", "packaging")
    : heard;
}

function insertedBehind(stages: readonly StageName[], behind: StageName, stage: StageName): StageName[] {
  const at = stages.indexOf(behind) + 1;
  return [...stages.slice(0, at), stage, ...stages.slice(at)];
}
