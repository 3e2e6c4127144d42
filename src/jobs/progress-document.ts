import { z } from "@hono/zod-openapi";
import type { ProgressSnapshot } from "../progress/event.ts";
import { ALL_STAGES } from "../progress/stages.ts";
import { JOB_STATUSES } from "../schema/jobs.ts";
import { TASK_KINDS, TASK_STATES } from "../schema/tasks.ts";

const percentage = z.number().min(0).max(100);
const stage = z.enum(ALL_STAGES);

/** What pollers, WebSockets and event streams are shown of a job. */
export const progressDocument = z
  .object({
    job_id: z.string(),
    status: z.enum(JOB_STATUSES),
    run: z.int().openapi({ description: "From 1; an explicit retry begins the next" }),
    progress_percentage: percentage.openapi({
      description: "Never lower than before within a run; 100 only when the job is completed",
    }),
    current_stage: stage.nullable(),
    stage_percentage: percentage,
    stage_details: z.object({
      current_operation: z.string().optional(),
      processed_items: z.number().optional(),
      total_items: z.number().optional(),
      resolution: z.string().optional(),
      bitrate_kbps: z.number().optional(),
      fps: z.number().optional(),
      speed: z.number().optional().openapi({ description: "Media seconds per second" }),
      temp_bytes: z.number().optional(),
    }),
    resource_usage: z
      .object({
        memory_bytes: z.number().optional(),
        cpu_percent: z.number().optional().openapi({ description: "100 is one core" }),
      })
      .nullable(),
    stages: z.array(z.object({ stage, percentage })).openapi({ description: "In order" }),
    tasks: z.array(
      z.object({
        task_id: z.string(),
        kind: z.enum(TASK_KINDS),
        stage,
        state: z.enum(TASK_STATES),
        attempt: z.int(),
        percentage,
      }),
    ),
    outputs_failed: z.array(z.object({ name: z.string(), code: z.string(), message: z.string() })),
    estimated_remaining: z
      .object({ low: z.number(), high: z.number() })
      .nullable()
      .openapi({ description: "Seconds" }),
    sequence: z.int().openapi({ description: "Rises by one with every change that watchers are told" }),
    timestamp: z.iso.datetime().openapi({ description: "When the last change happened" }),
    worker_id: z.string().nullable(),
  })
  .openapi("Progress") satisfies z.ZodType<ProgressSnapshot>;
