import { getTableColumns, type SQL, sql } from "drizzle-orm";
import type { DrizzleD1Database } from "drizzle-orm/d1";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";

/**
 * `INSERT … SELECT … FROM json_each(?) … ON CONFLICT DO NOTHING`: any number of rows with one bound parameter, where
 * D1 allows 100 in a statement, and only while `guard` holds. Ids make it safe to run twice.
 */
export function insertRows<T extends SQLiteTable>(
  db: DrizzleD1Database,
  table: T,
  rows: readonly T["$inferSelect"][],
  guard: SQL,
) {
  const columns = Object.entries(getTableColumns(table));
  const encoded = rows.map((row) => {
    const values: Record<string, unknown> = row;
    return columns.map(([property, column]) => driverValue(column, values[property]));
  });
  // One piece of text: as a piece each, they are most of what it costs to write a transition down.
  const cells = sql.raw(columns.map((_, index) => `json_extract(value, '$[${index}]')`).join(", "));
  return db
    .insert(table)
    .select(sql`SELECT ${cells} FROM json_each(${JSON.stringify(encoded)}) WHERE ${guard}`)
    .onConflictDoNothing();
}

/** JSON columns are stored as text, so they travel inside the array as text. */
function driverValue(column: { mapToDriverValue(value: unknown): unknown }, value: unknown): unknown {
  return value === null || value === undefined ? null : column.mapToDriverValue(value);
}
