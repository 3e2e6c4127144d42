/** Who listens to what, in the feed's own SQLite: it outlasts hibernation, where an attachment would be too small. */

/** Makes the table; it is gone again after `deleteAll`. */
export function openSubscriptions(sql: SqlStorage): void {
  sql.exec(
    "CREATE TABLE IF NOT EXISTS subscriptions (subject TEXT NOT NULL, socket TEXT NOT NULL, PRIMARY KEY (subject, socket)) WITHOUT ROWID",
  );
}

export function addSubscriptions(sql: SqlStorage, socket: string, subjects: readonly string[]): void {
  sql.exec(
    "INSERT OR IGNORE INTO subscriptions SELECT value, ? FROM json_each(?)",
    socket,
    JSON.stringify(subjects),
  );
}

export function removeSubscriptions(sql: SqlStorage, socket: string, subjects: readonly string[]): void {
  sql.exec(
    "DELETE FROM subscriptions WHERE socket = ? AND subject IN (SELECT value FROM json_each(?))",
    socket,
    JSON.stringify(subjects),
  );
}

/** A socket is gone. */
export function removeSocket(sql: SqlStorage, socket: string): void {
  sql.exec("DELETE FROM subscriptions WHERE socket = ?", socket);
}

export function countSubscriptions(sql: SqlStorage, socket: string): number {
  return sql.exec<{ n: number }>("SELECT count(*) AS n FROM subscriptions WHERE socket = ?", socket).one().n;
}

/** The sockets that listen to any of these subjects. */
export function listenersOf(sql: SqlStorage, subjects: readonly string[]): string[] {
  return sql
    .exec<{ socket: string }>(
      "SELECT DISTINCT socket FROM subscriptions WHERE subject IN (SELECT value FROM json_each(?))",
      JSON.stringify(subjects),
    )
    .toArray()
    .map((row) => row.socket);
}

/** What is listened to by anybody. */
export function allSubjects(sql: SqlStorage): string[] {
  return sql
    .exec<{ subject: string }>("SELECT DISTINCT subject FROM subscriptions")
    .toArray()
    .map((row) => row.subject);
}
