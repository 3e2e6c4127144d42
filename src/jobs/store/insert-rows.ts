import { getTableColumns, type SQL, sql } from "drizzle-orm";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";

/**
 * `INSERT OR IGNORE … SELECT … FROM json_each(?)`: any number of rows with one bound parameter, where D1 allows 100
 * in a statement, and only while `guard` holds. Rows are keyed by the table's property names; ids make it safe to
 * run twice.
 */
export function insertRows<T extends SQLiteTable>(
  table: T,
  rows: readonly T["$inferSelect"][],
  guard: SQL,
): SQL {
  const columns = Object.entries(getTableColumns(table));
  const encoded = rows.map((row) => {
    const values: Record<string, unknown> = row;
    return Object.fromEntries(
      columns.map(([property, column]) => [property, driverValue(column, values[property])]),
    );
  });
  const names = sql.join(
    columns.map(([, column]) => sql.identifier(column.name)),
    sql`, `,
  );
  const values = sql.join(
    columns.map(([property]) => sql`json_extract(value, ${sql.raw(`'$.${property}'`)})`),
    sql`, `,
  );
  return sql`INSERT OR IGNORE INTO ${table} (${names}) SELECT ${values} FROM json_each(${JSON.stringify(encoded)}) WHERE ${guard}`;
}

/** JSON columns are stored as text, so they travel inside the array as text. */
function driverValue(column: { mapToDriverValue(value: unknown): unknown }, value: unknown): unknown {
  return value === null || value === undefined ? null : column.mapToDriverValue(value);
}
