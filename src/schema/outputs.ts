/** What jobs have made, and what they could not. Times are Unix milliseconds. */
import { integer, primaryKey, real, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import type { StreamEncryption } from "../video/segment-keys.ts";
import type { FailureRecord } from "./failures.ts";

/** How a stream is read; paths below `outputs/<job>/`. */
export interface StreamIndex {
  /** Names of the manifests, in the first folder of the tree; the first is the one to play. */
  manifests: string[];
  /**
   * By track, where its segments lie, in order: the number of the first one, from 1, and the folder that holds it as
   * `00001.m4s` and those that follow up to the next entry. The first folder also has `init.mp4`.
   */
  segments: Record<string, [firstNumber: number, folder: string][]>;
  /** The tracks of words, as WebVTT. */
  subtitles?: {
    name: string;
    language?: string | undefined;
    path: string;
    forced: boolean;
    isDefault: boolean;
  }[];
  /** Of a stream whose segments can only be read with its keys. */
  encryption?: StreamEncryption | undefined;
}

/** An output of a job that allows some to fail, and that did, in its present run. */
export const outputFailures = sqliteTable(
  "output_failures",
  {
    jobId: text("job_id").notNull(),
    name: text().notNull(),
    taskId: text("task_id").notNull(),
    failure: text({ mode: "json" }).$type<FailureRecord>().notNull(),
    createdAt: integer("created_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.jobId, table.name] })],
);

/** One file that a job promised. A stream is one output whose `objectKey` is its master playlist. */
export const outputs = sqliteTable(
  "outputs",
  {
    id: text().primaryKey(),
    jobId: text("job_id").notNull(),
    taskId: text("task_id").notNull(),
    name: text().notNull(),
    objectKey: text("object_key").notNull(),
    type: text().notNull(),
    bytes: integer().notNull(),
    sha256: text().notNull(),
    width: integer(),
    height: integer(),
    durationSeconds: real("duration_seconds"),
    /** Streams only: attempt folders below `outputs/<job>/`, first that of the playlists, then those of segments. */
    tree: text({ mode: "json" }).$type<string[]>(),
    /** Streams only. */
    stream: text({ mode: "json" }).$type<StreamIndex>(),
    createdAt: integer("created_at").notNull(),
  },
  (table) => [uniqueIndex("outputs_job_name").on(table.jobId, table.name)],
);
