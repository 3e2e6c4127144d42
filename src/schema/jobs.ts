/** Jobs, their runs and batches, and what is learned from how long they take. Times are Unix milliseconds. */
import { sql } from "drizzle-orm";
import { index, integer, primaryKey, real, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import type { FailureRecord } from "./failures.ts";
import type { Lane } from "./tasks.ts";

export const PRIORITIES = ["urgent", "high", "normal", "low"] as const;
export type Priority = (typeof PRIORITIES)[number];

export const JOB_STATUSES = ["pending", "processing", "completed", "failed", "cancelled"] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];

/** Owners whose feed somebody follows now (`progress/followers.ts`). */
export const feedFollowers = sqliteTable("feed_followers", {
  owner: text().primaryKey(),
  since: integer().notNull(),
});

/** How long a job was expected to take when it was accepted, and what by; milliseconds. */
export interface JobEstimate {
  sizeBucket: number;
  outputCount: number;
  /** Of its first task. */
  lane: Lane;
  basis: "history" | "formula";
  /** Jobs of its shape that were known. */
  samples: number;
  /** Ready or running in the lane, and not behind it. */
  tasksAhead: number;
  waitMs: number;
  runMs: number;
  /** From acceptance to the end, with a margin for safety. */
  expectedMs: number;
  lowMs: number;
  highMs: number;
}

export const jobs = sqliteTable(
  "jobs",
  {
    id: text().primaryKey(),
    owner: text().notNull(),
    mediaId: text("media_id").notNull(),
    /** `unknown` until its original has been fetched. */
    kind: text({ enum: ["image", "video", "unknown"] }).notNull(),
    status: text({ enum: JOB_STATUSES }).notNull(),
    priority: text({ enum: PRIORITIES }).notNull(),
    /** Outputs that fail for good do not take the others with them. */
    allowPartial: integer("allow_partial", { mode: "boolean" }).notNull().default(false),
    /** Somebody hears of it by its progress channel, or did; while nobody does, the channel is not made. */
    hasChannel: integer("has_channel", { mode: "boolean" }).notNull().default(true),
    /** From 1; every explicit retry begins another. */
    run: integer().notNull().default(1),
    /** The output specifications as the client wrote them. */
    outputSpecifications: text("output_specifications", { mode: "json" }).$type<unknown[]>().notNull(),
    /** Stage weights' keys that this job has, in order (`progress/stages.ts`). */
    stages: text({ mode: "json" }).$type<string[]>().notNull(),
    currentStage: text("current_stage"),
    progressPercentage: real("progress_percentage").notNull().default(0),
    /** As it was said at submission; true is `finishedAt` − `createdAt`. */
    estimatedDurationMs: integer("estimated_duration_ms").notNull(),
    estimate: text({ mode: "json" }).$type<JobEstimate>(),
    notes: text({ mode: "json" }).$type<string[]>().notNull().default([]),
    /** What is done with the outputs one after the other, as the client wrote it. */
    steps: text({ mode: "json" }).$type<unknown[]>().notNull().default([]),
    error: text({ mode: "json" }).$type<FailureRecord>(),
    /** The key that submitted it, which its processor time is counted for; null when it was before that was known. */
    keyId: text("key_id"),
    requestId: text("request_id").notNull(),
    traceparent: text(),
    /** Where this job's own events go, beside the endpoints that its owner has registered. */
    webhookUrl: text("webhook_url"),
    /** While this job is the answer to submissions of the same content (`jobs/store/content-slot.ts`). */
    contentHash: text("content_hash"),
    batchId: text("batch_id"),
    createdAt: integer("created_at").notNull(),
    startedAt: integer("started_at"),
    finishedAt: integer("finished_at"),
    deadlineAt: integer("deadline_at").notNull(),
    /** When its tasks, attempts and runs were forgotten, and it cannot be retried any more; 0 while they are being. */
    historyRemovedAt: integer("history_removed_at"),
  },
  (table) => [
    index("jobs_owner").on(table.owner, table.id),
    index("jobs_owner_status").on(table.owner, table.status, table.id),
    index("jobs_media").on(table.mediaId),
    index("jobs_batch").on(table.batchId, table.id).where(sql`batch_id IS NOT NULL`),
    uniqueIndex("jobs_content").on(table.owner, table.contentHash).where(sql`content_hash IS NOT NULL`),
    index("jobs_history")
      .on(table.finishedAt)
      .where(sql`finished_at IS NOT NULL AND coalesce(history_removed_at, 0) = 0`),
    index("jobs_deadline").on(table.deadlineAt).where(sql`status IN ('pending', 'processing')`),
  ],
);

/**
 * How long jobs took lately, by kind, size and number of outputs, and how long a lane let them wait (`jobs/estimate.ts`).
 */
export const durationHistory = sqliteTable(
  "duration_history",
  {
    /** A kind of job, or `wait:<lane>`. */
    kind: text().notNull(),
    sizeBucket: integer("size_bucket").notNull(),
    outputCount: integer("output_count").notNull(),
    /** How many there were in all. */
    samples: integer().notNull(),
    /** Milliseconds of the last ones, oldest first. */
    recent: text({ mode: "json" }).$type<number[]>().notNull(),
    updatedAt: integer("updated_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.kind, table.sizeBucket, table.outputCount] })],
);

export const ON_ITEM_FAILURE = ["continue", "fail_fast"] as const;

/** How a batch ended: all jobs completed; some; none, or one failed that may not; none, and none failed. */
export const BATCH_ENDS = ["completed", "partial", "failed", "cancelled"] as const;
export type BatchEnd = (typeof BATCH_ENDS)[number];

/** Jobs that were accepted together. What it is at is read from its jobs; only its end is written here. */
export const batches = sqliteTable(
  "batches",
  {
    id: text().primaryKey(),
    owner: text().notNull(),
    onItemFailure: text("on_item_failure", { enum: ON_ITEM_FAILURE }).notNull(),
    /** From 1; it rises when an ended batch is opened again by the retry of a job. */
    run: integer().notNull().default(1),
    /** Where the batch's own events go. */
    webhookUrl: text("webhook_url"),
    requestId: text("request_id").notNull(),
    traceparent: text(),
    /** Absent while a job of it has not ended. */
    status: text({ enum: BATCH_ENDS }),
    createdAt: integer("created_at").notNull(),
    finishedAt: integer("finished_at"),
  },
  (table) => [
    index("batches_owner").on(table.owner, table.id),
    index("batches_open").on(table.id).where(sql`finished_at IS NULL`),
    index("batches_fail_fast").on(table.id).where(sql`finished_at IS NULL AND on_item_failure = 'fail_fast'`),
  ],
);

/** A run of a job that ended and was followed by another: what an explicit retry overwrites in the job's row. */
export const jobRuns = sqliteTable(
  "job_runs",
  {
    jobId: text("job_id").notNull(),
    number: integer().notNull(),
    status: text({ enum: JOB_STATUSES }).notNull(),
    error: text({ mode: "json" }).$type<FailureRecord>(),
    outputsFailed: text("outputs_failed", { mode: "json" })
      .$type<{ name: string; taskId: string; failure: FailureRecord; at: number }[]>()
      .notNull(),
    startedAt: integer("started_at"),
    finishedAt: integer("finished_at").notNull(),
    /** When the next run began. */
    retriedAt: integer("retried_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.jobId, table.number] })],
);
