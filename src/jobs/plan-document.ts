import { z } from "@hono/zod-openapi";
import { isStageName, scaledWeights } from "../progress/stages.ts";
import { LANES } from "../schema/tasks.ts";
import { sourceDescription } from "../video/source.ts";
import type { JobRow } from "./claimed-task.ts";
import { describeLadders, ladderDocument } from "./plan-ladders.ts";
import { describeTask, plannedTask } from "./plan-task.ts";
import { inSnakeCase, schemaInSnakeCase } from "./snake-case.ts";
import type { PlannedRows } from "./store/read-plan.ts";

const seconds = z.number().openapi({ description: "seconds" });

/** Of a video; what is learned of a picture has other names. */
const learnedDocument = z.union([schemaInSnakeCase(sourceDescription), z.record(z.string(), z.unknown())]);

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
        metadata: learnedDocument.openapi({ description: "What was learned of it" }),
      })
      .nullable()
      .openapi({ description: "Null when the media was deleted" }),
    plan: z.object({
      stages: z.array(z.object({ stage: z.string(), weight: z.number() })).openapi({
        description: "In order, with their share of the progress, percent",
      }),
      tasks: z.array(plannedTask),
      ladders: z.array(ladderDocument).openapi({ description: "Why each stream has the rungs that it has" }),
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

/** The commands of more tasks than this are told one task at a time. */
const MAX_TASKS_WITH_COMMANDS = 100;

/**
 * What was learned of a job's input, what is done with it and in which order, and what the estimate went by.
 *
 * @param taskId tells of this task alone
 */
export function describePlan(
  { job, media, tasks, dependencies }: PlannedRows,
  taskId?: string,
): PlanDocument {
  const shown = tasks.filter(({ id }) => taskId === undefined || id === taskId);
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
          metadata: inSnakeCase(media.metadata) as Record<string, unknown>,
        }
      : null,
    plan: {
      stages: stages.map((stage, i) => ({ stage, weight: Math.round((weights[i] ?? 0) * 10) / 10 })),
      tasks: shown.map((task) => ({
        ...describeTask(task, {
          learned: media?.metadata,
          tellsCommands: shown.length <= MAX_TASKS_WITH_COMMANDS,
        }),
        depends_on: dependencies.filter((row) => row.taskId === task.id).map((row) => row.dependsOn),
      })),
      ladders: describeLadders(tasks),
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
