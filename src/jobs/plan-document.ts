import { z } from "@hono/zod-openapi";
import { isStageName, STAGE_OF_TASK, scaledWeights } from "../progress/stages.ts";
import { LANES, SLOT_SIZES, TASK_KINDS, TASK_STATES } from "../schema/tasks.ts";
import { type FileOutput, fileOutput } from "../video/file-output.ts";
import { planFile } from "../video/file-plan.ts";
import { streamOutput } from "../video/output.ts";
import { type SourceDescription, sourceDescription } from "../video/source.ts";
import { planStream } from "../video/stream-plan.ts";
import type { JobRow, TaskRow } from "./claimed-task.ts";
import type { PlannedRows } from "./store/read-plan.ts";

const seconds = z.number().openapi({ description: "seconds" });

const rendition = z.object({
  id: z.string(),
  width: z.int(),
  height: z.int(),
  video_kbps: z.number().optional(),
  audio_kbps: z.number().optional(),
  container: z.string().optional(),
  video_codec: z.string().optional(),
  audio_codec: z.string().nullable().optional().openapi({ description: "Null: the source has no sound" }),
  frame_rate: z.number().optional(),
  duration: z.number().optional().openapi({ description: "seconds" }),
  crf: z.number().optional(),
  every_second_frame: z.boolean().optional(),
});

export const planDocument = z
  .object({
    job_id: z.string(),
    input: z
      .object({
        media_id: z.string(),
        kind: z.string(),
        type: z.string(),
        filename: z.string(),
        bytes: z.int(),
        sha256: z.string(),
        metadata: z.record(z.string(), z.unknown()).openapi({ description: "What was learned of it" }),
      })
      .nullable()
      .openapi({ description: "Null when the media was deleted" }),
    plan: z.object({
      stages: z.array(z.object({ stage: z.string(), weight: z.number() })).openapi({
        description: "In order, with their share of the progress, percent",
      }),
      tasks: z.array(
        z.object({
          task_id: z.string(),
          kind: z.enum(TASK_KINDS),
          lane: z.enum(LANES),
          stage: z.string(),
          weight: z.number().openapi({ description: "Share of its stage, relative to its siblings" }),
          state: z.enum(TASK_STATES),
          attempts: z.int(),
          needs: z
            .object({ memory_bytes: z.int(), disk_bytes: z.int(), slot_size: z.enum(SLOT_SIZES) })
            .nullable()
            .openapi({
              description: "What it is expected to hold at its worst moment, and the slot that this takes",
            }),
          depends_on: z.array(z.string()),
          does: z.unknown().openapi({ description: "Its instructions" }),
          renditions: z
            .array(rendition)
            .optional()
            .openapi({ description: "What it encodes, smallest first" }),
        }),
      ),
    }),
    estimates: z.object({
      estimated_duration: seconds,
      estimated_range: z.object({ low: z.number(), high: z.number() }).nullable(),
      actual_duration: seconds.nullable(),
      basis: z
        .object({
          source: z.enum(["history", "formula"]),
          similar_jobs: z.int(),
          size_bucket: z.int(),
          output_count: z.int(),
          lane: z.enum(LANES),
          tasks_ahead: z.int(),
          expected_wait: seconds,
          expected_run: seconds,
        })
        .nullable(),
    }),
  })
  .openapi("JobMetadata");

type PlanDocument = z.infer<typeof planDocument>;

/** What was learned of a job's input, what is done with it and in which order, and what the estimate went by. */
export function describePlan({ job, media, tasks, dependencies }: PlannedRows): PlanDocument {
  const stages = job.stages.filter(isStageName);
  const weights = scaledWeights(stages);
  return {
    job_id: job.id,
    input: media
      ? {
          media_id: media.id,
          kind: media.kind,
          type: media.type,
          filename: media.filename,
          bytes: media.sizeBytes,
          sha256: media.sha256,
          metadata: media.metadata,
        }
      : null,
    plan: {
      stages: stages.map((stage, i) => ({ stage, weight: Math.round((weights[i] ?? 0) * 10) / 10 })),
      tasks: tasks.map((task) => ({
        task_id: task.id,
        kind: task.kind,
        lane: task.lane,
        stage: STAGE_OF_TASK[task.kind],
        weight: task.weight,
        state: task.state,
        attempts: task.attempt,
        needs: task.memoryBytes + task.diskBytes === 0 ? null : needsOf(task),
        depends_on: dependencies.filter((row) => row.taskId === task.id).map((row) => row.dependsOn),
        does: instructionsIn(task.spec),
        ...renditionsOf(task),
      })),
    },
    estimates: describeEstimate(job),
  };
}

function describeEstimate(job: JobRow): PlanDocument["estimates"] {
  const { estimate } = job;
  const inSeconds = (ms: number) => ms / 1000;
  return {
    estimated_duration: inSeconds(job.estimatedDurationMs),
    estimated_range: estimate && { low: inSeconds(estimate.lowMs), high: inSeconds(estimate.highMs) },
    actual_duration: job.finishedAt === null ? null : inSeconds(job.finishedAt - job.createdAt),
    basis: estimate && {
      source: estimate.basis,
      similar_jobs: estimate.samples,
      size_bucket: estimate.sizeBucket,
      output_count: estimate.outputCount,
      lane: estimate.lane,
      tasks_ahead: estimate.tasksAhead,
      expected_wait: inSeconds(estimate.waitMs),
      expected_run: inSeconds(estimate.runMs),
    },
  };
}

function needsOf({ memoryBytes, diskBytes, slotSize }: TaskRow) {
  return { memory_bytes: memoryBytes, disk_bytes: diskBytes, slot_size: slotSize };
}

/** The input is described once, for all tasks; where things lie is nobody's business. */
const NOT_SHOWN = /^(source|probe)$|key|url|token|secret|credential|password/i;

function instructionsIn(spec: unknown): unknown {
  if (Array.isArray(spec)) return spec.map(instructionsIn);
  if (typeof spec !== "object" || spec === null) return spec;
  const shown = Object.entries(spec).filter(([name]) => !NOT_SHOWN.test(name));
  return Object.fromEntries(shown.map(([name, value]) => [name, instructionsIn(value)]));
}

const streamSpec = z.object({ output: streamOutput, source: sourceDescription });
const filmSpec = z.object({ output: fileOutput, source: sourceDescription });

/** A ladder follows from source and output; a task that was planned by an older version may have none. */
function renditionsOf({ kind, spec }: Pick<TaskRow, "kind" | "spec">): {
  renditions?: z.infer<typeof rendition>[];
} {
  if (kind === "audio") return {};
  const stream = streamSpec.safeParse(spec);
  if (stream.success) {
    const { output } = stream.data;
    return {
      renditions: planStream(stream.data.source, output).renditions.map(
        ({ id, width, height, videoKbps, audioKbps, crf, everySecondFrame }) => ({
          ...{ id, width, height, video_kbps: videoKbps, audio_kbps: audioKbps, crf: crf ?? output.crf },
          ...(everySecondFrame && { every_second_frame: true }),
        }),
      ),
    };
  }
  const film = filmSpec.safeParse(spec);
  if (!film.success) return {};
  return { renditions: [describeFile(film.data.source, film.data.output)] };
}

/** What was decided for a file: where the specification says nothing, by its container and its source. */
function describeFile(source: SourceDescription, output: FileOutput): z.infer<typeof rendition> {
  const { layout, audio, cut, video } = planFile(source, output);
  return {
    id: output.name,
    ...layout.size,
    video_kbps: output.targetVideoKbps,
    audio_kbps: audio?.kbps,
    container: output.format,
    video_codec: output.videoCodec ?? "h264",
    audio_codec: audio === undefined ? null : (output.audioCodec ?? "aac"),
    frame_rate: output.frameRate ?? video.frameRate,
    duration: cut.durationSeconds,
  };
}
