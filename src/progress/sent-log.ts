/** The last messages that watchers were told, in SQLite, so that an interrupted event stream can go on. */
import type { WatchMessage } from "./event.ts";

/** How many messages are kept; whoever missed more gets a snapshot. */
const KEPT = 200;

/** Makes the table; it is gone again after `deleteAll`. */
export function openLog(sql: SqlStorage): void {
  sql.exec("CREATE TABLE IF NOT EXISTS sent (sequence INTEGER PRIMARY KEY, message TEXT NOT NULL)");
}

export function appendToLog(sql: SqlStorage, message: WatchMessage): void {
  sql.exec("INSERT OR REPLACE INTO sent VALUES (?, ?)", message.sequence, JSON.stringify(message));
  if (message.sequence > KEPT) sql.exec("DELETE FROM sent WHERE sequence <= ?", message.sequence - KEPT);
}

/** A new run of the job: what was told of the one before it would mislead. */
export function clearLog(sql: SqlStorage): void {
  sql.exec("DELETE FROM sent");
}

/** Everything told after `sequence`, oldest first; `null` when some of it is no longer kept. */
export function messagesSince(sql: SqlStorage, sequence: number, latest: number): WatchMessage[] | null {
  if (sequence > latest) return null;
  const rows = sql
    .exec<{ message: string }>("SELECT message FROM sent WHERE sequence > ? ORDER BY sequence", sequence)
    .toArray();
  if (rows.length !== latest - sequence) return null;
  return rows.map((row) => JSON.parse(row.message) as WatchMessage);
}
