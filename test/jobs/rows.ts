import { getTableColumns, getTableName, type InferSelectModel } from "drizzle-orm";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";
import { deadLetters } from "../../src/schema/failures.ts";
import { jobRuns, jobs } from "../../src/schema/jobs.ts";
import { media } from "../../src/schema/media.ts";
import { outputFailures, outputs } from "../../src/schema/outputs.ts";
import { attempts, taskDependencies, tasks } from "../../src/schema/tasks.ts";
import { events } from "../../src/schema/webhooks.ts";

const TABLES = {
  jobs,
  jobRuns,
  tasks,
  taskDependencies,
  attempts,
  outputs,
  outputFailures,
  deadLetters,
  events,
} as const;
const ORDER: Partial<Record<keyof typeof TABLES, string>> = { attempts: "number", events: "sequence" };

type RowOf<T extends keyof typeof TABLES> = InferSelectModel<(typeof TABLES)[T]>;
export type EventRow = RowOf<"events">;
export type Rows = { [T in keyof typeof TABLES]: RowOf<T>[] };

const READS = Object.entries(TABLES).map(
  ([name, table]) =>
    `SELECT * FROM ${getTableName(table)} ORDER BY ${ORDER[name as keyof typeof TABLES] ?? "rowid"}`,
);

/** All rows at one moment. */
export async function allRows(d1: D1Database): Promise<Rows> {
  const answers = await d1.batch<Record<string, unknown>>(READS.map((read) => d1.prepare(read)));
  const rows = Object.entries(TABLES).map(([name, table], index) => [
    name,
    (answers[index]?.results ?? []).map((row) => fromDriver(table, row)),
  ]);
  return Object.fromEntries(rows) as Rows;
}

/** A row as drizzle gives it, without the cost of building the same query thousands of times. */
function fromDriver(table: SQLiteTable, row: Record<string, unknown>): Record<string, unknown> {
  const columns = Object.entries(getTableColumns(table));
  return Object.fromEntries(
    columns.map(([property, column]) => {
      const value = row[column.name] ?? null;
      return [property, value === null ? null : column.mapFromDriverValue(value)];
    }),
  );
}

export async function deleteAllRows(d1: D1Database): Promise<void> {
  const tables = [media, ...Object.values(TABLES)].map(getTableName);
  await d1.batch(tables.map((table) => d1.prepare(`DELETE FROM ${table}`)));
}
