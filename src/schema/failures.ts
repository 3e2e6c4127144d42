/** Failures, and the letters that those which ended a job leave. Times are Unix milliseconds. */
import { sql } from "drizzle-orm";
import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { PRIORITIES } from "./jobs.ts";
import type { TaskKind } from "./tasks.ts";

export const RESOLUTIONS = ["reprocessed", "cancelled", "fixed"] as const;
export type Resolution = (typeof RESOLUTIONS)[number];

/** What a client sees of a failure. `detail` is private words for operators and is not sent to clients. */
export interface FailureRecord {
  code: string;
  class: string;
  message: string;
  failedStage?: string;
  detail?: string;
}

/** One failed or lost attempt as a dead letter keeps it. */
export interface LetterAttempt {
  taskId: string;
  kind: TaskKind;
  number: number;
  workerId: string;
  startedAt: number;
  finishedAt: number | null;
  peakMemoryBytes: number | null;
  failure: FailureRecord | null;
}

/**
 * A job that failed, with all that is needed to understand it and to ask for it again. Written in the batch of the
 * failure, and kept when the job's own rows are gone.
 */
export const deadLetters = sqliteTable(
  "dead_letters",
  {
    jobId: text("job_id").primaryKey(),
    owner: text().notNull(),
    mediaId: text("media_id").notNull(),
    kind: text({ enum: ["image", "video"] }).notNull(),
    priority: text({ enum: PRIORITIES }).notNull(),
    outputSpecifications: text("output_specifications", { mode: "json" }).$type<unknown[]>().notNull(),
    requestId: text("request_id").notNull(),
    /** Of the final failure, for filters. */
    class: text().notNull(),
    code: text().notNull(),
    error: text({ mode: "json" }).$type<FailureRecord>().notNull(),
    /** The attempts that failed or were lost, newest first, the last 50 of all runs. */
    history: text({ mode: "json" }).$type<LetterAttempt[]>().notNull(),
    /** The run of the job that failed last. */
    run: integer().notNull(),
    jobCreatedAt: integer("job_created_at").notNull(),
    failedAt: integer("failed_at").notNull(),
    notes: text().notNull().default(""),
    /** Null while nobody has dealt with it. */
    resolution: text({ enum: RESOLUTIONS }),
    resolvedAt: integer("resolved_at"),
  },
  (table) => [
    index("dead_letters_owner").on(table.owner, table.jobId),
    index("dead_letters_resolved").on(table.resolvedAt).where(sql`resolution IS NOT NULL`),
  ],
);

/** A queue's message that nobody could make sense of. */
export const deadMessages = sqliteTable("dead_messages", {
  /** The queue's own id of it. */
  id: text().primaryKey(),
  queue: text().notNull(),
  /** The first 1,000 characters of its body as JSON. */
  body: text().notNull(),
  reason: text().notNull(),
  receivedAt: integer("received_at").notNull(),
});
