/** The steps of a job, and every run of each under a lease. Times are Unix milliseconds. */
import { type SQL, sql } from "drizzle-orm";
import { index, integer, primaryKey, real, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { FailureRecord } from "./failures.ts";
import { PRIORITIES } from "./jobs.ts";

export const TASK_STATES = ["blocked", "ready", "leased", "done", "failed", "cancelled"] as const;
export type TaskState = (typeof TASK_STATES)[number];

export const LANES = ["edge", "container-short", "container-long", "io"] as const;
export type Lane = (typeof LANES)[number];

export const TASK_KINDS = [
  ...(["probe", "image", "transcode", "thumbnail"] as const),
  ...(["stream", "chunk", "audio", "package"] as const),
  ...(["fetch", "watermark", "ship"] as const),
  ...(["storyboard", "preview", "sound", "waveform", "analysis"] as const),
  ...(["stitch", "subtitles"] as const),
] as const;
export type TaskKind = (typeof TASK_KINDS)[number];

/** Which slot a container task needs; tasks of the other lanes are all `standard`. */
export const SLOT_SIZES = ["standard", "large"] as const;
export type SlotSize = (typeof SLOT_SIZES)[number];

export const tasks = sqliteTable(
  "tasks",
  {
    id: text().primaryKey(),
    jobId: text("job_id").notNull(),
    kind: text({ enum: TASK_KINDS }).notNull(),
    lane: text({ enum: LANES }).notNull(),
    state: text({ enum: TASK_STATES }).notNull(),
    /** created_at − priority × head start: the lowest is claimed first. */
    rank: integer().notNull(),
    /** Names of the outputs that this task records: what is lost with it. */
    outputNames: text("output_names", { mode: "json" }).$type<string[]>().notNull().default([]),
    /** That of its job. */
    priority: text({ enum: PRIORITIES }).notNull().default("normal"),
    /** The smallest slot that it fits into; rises when it did not fit after all. */
    slotSize: text("slot_size", { enum: SLOT_SIZES }).notNull().default("standard"),
    /** What it is expected to take at its worst moment; 0 when nobody knows. */
    memoryBytes: integer("memory_bytes").notNull().default(0),
    diskBytes: integer("disk_bytes").notNull().default(0),
    /** What to do, typed by `kind` (`processing/task-spec.ts`). */
    spec: text({ mode: "json" }).$type<unknown>().notNull(),
    /** Share of its stage, relative to its siblings. */
    weight: real().notNull().default(1),
    availableAt: integer("available_at").notNull(),
    leaseToken: text("lease_token"),
    leaseUntil: integer("lease_until"),
    workerId: text("worker_id"),
    /** Runs so far, of any outcome; names the attempt's own prefix in R2. */
    attempt: integer().notNull().default(0),
    /** Runs that count against the retry policy, and runs that were lost through no fault of the task. */
    countedFailures: integer("counted_failures").notNull().default(0),
    systemFailures: integer("system_failures").notNull().default(0),
    /** Class of the last failure that counted: what is claimed next is a retry. */
    retryClass: text("retry_class"),
    result: text({ mode: "json" }).$type<unknown>(),
    createdAt: integer("created_at").notNull(),
    finishedAt: integer("finished_at"),
  },
  (table) => [
    // The columns after the rank are only read: a task that may not run yet is passed over inside the index.
    index("tasks_ready")
      .on(table.lane, table.slotSize, table.rank, table.availableAt, table.retryClass, table.priority)
      .where(sql`state = 'ready'`),
    index("tasks_waiting")
      .on(table.lane, table.slotSize, table.priority, table.availableAt)
      .where(sql`state = 'ready'`),
    index("tasks_retrying").on(table.priority).where(sql`state = 'leased' AND retry_class IS NOT NULL`),
    index("tasks_leased").on(table.leaseUntil).where(sql`state = 'leased'`),
    index("tasks_lease_token").on(table.leaseToken).where(sql`state = 'leased'`),
    index("tasks_job").on(table.jobId),
  ],
);

/** `taskId` may run once `dependsOn` is done. */
export const taskDependencies = sqliteTable(
  "task_dependencies",
  {
    taskId: text("task_id").notNull(),
    dependsOn: text("depends_on").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.taskId, table.dependsOn] }),
    index("task_dependencies_on").on(table.dependsOn),
  ],
);

export const ATTEMPT_OUTCOMES = ["running", "done", "failed", "lost", "cancelled"] as const;
export type AttemptOutcome = (typeof ATTEMPT_OUTCOMES)[number];

/** One run of one task under one lease. */
export const attempts = sqliteTable(
  "attempts",
  {
    taskId: text("task_id").notNull(),
    number: integer().notNull(),
    jobId: text("job_id").notNull(),
    /** The run of the job that it belongs to. */
    run: integer().notNull().default(1),
    leaseToken: text("lease_token").notNull(),
    workerId: text("worker_id").notNull(),
    startedAt: integer("started_at").notNull(),
    finishedAt: integer("finished_at"),
    outcome: text({ enum: ATTEMPT_OUTCOMES }).notNull(),
    failure: text({ mode: "json" }).$type<FailureRecord>(),
    /** When the task may run again because of it; null when it may not. */
    retryAt: integer("retry_at"),
    /** The most memory that it was seen to hold, bytes; null when nobody could tell. */
    peakMemoryBytes: integer("peak_memory_bytes"),
    /** Processor time, user and system, of the processes that it ran; null when nobody could tell, as at the edge. */
    cpuSeconds: real("cpu_seconds"),
    /** When its files were removed; only attempts that are not `done` are swept. */
    sweptAt: integer("swept_at"),
  },
  (table) => [
    primaryKey({ columns: [table.taskId, table.number] }),
    index("attempts_job").on(table.jobId),
    index("attempts_unswept").on(table.finishedAt).where(unsweptAttempts()),
  ],
);

function unsweptAttempts(): SQL {
  return sql`swept_at IS NULL AND outcome IN ('failed', 'lost', 'cancelled')`;
}
