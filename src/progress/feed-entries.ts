/** The latest of each job that a feed hears of, in its SQLite, until it was told: this is where events coalesce. */
import type { JobStatus } from "../schema/jobs.ts";

/** What a job's channel tells the feed. */
export interface FeedEntry {
  jobId: string;
  mediaId: string;
  batchId: string | null;
  status: JobStatus;
  /** 0–100. */
  progress: number;
  /** Of the job's channel: a lower one is late. */
  sequence: number;
  /** Tasks that are done: with another one there may be new outputs. */
  tasksDone: number;
}

export interface StoredEntry extends FeedEntry {
  thumbnailUrl: string | null;
  /** Its outputs have to be looked at: there may be a thumbnail now. */
  isNew: boolean;
}

/** Ended jobs are remembered this long, so that what is late of them stays late. */
const ENDED_KEPT_MS = 60_000;

export function openEntries(sql: SqlStorage): void {
  sql.exec(
    `CREATE TABLE IF NOT EXISTS standing (job_id TEXT PRIMARY KEY, media_id TEXT NOT NULL, batch_id TEXT, status TEXT NOT NULL,
      progress REAL NOT NULL, sequence INTEGER NOT NULL, tasks_done INTEGER NOT NULL, looked_at INTEGER NOT NULL,
      thumbnail_url TEXT, changed_ms INTEGER NOT NULL, untold INTEGER NOT NULL) WITHOUT ROWID`,
  );
}

/** Keeps an entry unless it is late, and whether it is to be told. */
export function putEntry(sql: SqlStorage, entry: FeedEntry, untold: boolean, nowMs: number): void {
  sql.exec(
    `INSERT INTO standing VALUES (?, ?, ?, ?, ?, ?, ?, 0, NULL, ?, ?) ON CONFLICT (job_id) DO UPDATE SET
      status = excluded.status, progress = excluded.progress, sequence = excluded.sequence,
      tasks_done = excluded.tasks_done, changed_ms = excluded.changed_ms, untold = max(untold, excluded.untold)
      WHERE excluded.sequence > standing.sequence`,
    entry.jobId,
    entry.mediaId,
    entry.batchId,
    entry.status,
    entry.progress,
    entry.sequence,
    entry.tasksDone,
    nowMs,
    untold ? 1 : 0,
  );
}

/** What has changed since it was told last. */
export function untoldEntries(sql: SqlStorage): StoredEntry[] {
  return sql
    .exec<EntryRow>("SELECT * FROM standing WHERE untold = 1 ORDER BY changed_ms")
    .toArray()
    .map((row) => ({
      jobId: row.job_id,
      mediaId: row.media_id,
      batchId: row.batch_id,
      status: row.status as JobStatus,
      progress: row.progress,
      sequence: row.sequence,
      tasksDone: row.tasks_done,
      thumbnailUrl: row.thumbnail_url,
      isNew: row.looked_at < row.tasks_done,
    }));
}

/** They were told as they are here; what has come in meanwhile stays untold. */
export function markTold(sql: SqlStorage, entries: readonly StoredEntry[], nowMs: number): void {
  for (const { jobId, sequence, tasksDone, thumbnailUrl } of entries) {
    sql.exec(
      `UPDATE standing SET thumbnail_url = ?, looked_at = max(looked_at, ?),
        untold = CASE WHEN sequence = ? THEN 0 ELSE untold END WHERE job_id = ?`,
      thumbnailUrl,
      tasksDone,
      sequence,
      jobId,
    );
  }
  sql.exec(
    "DELETE FROM standing WHERE untold = 0 AND changed_ms < ? AND status IN ('completed', 'failed', 'cancelled')",
    nowMs - ENDED_KEPT_MS,
  );
}

/** Of some jobs, those that the feed has not heard of. */
export function unheardOf(sql: SqlStorage, jobIds: readonly string[]): string[] {
  return sql
    .exec<{ id: string }>(
      "SELECT value AS id FROM json_each(?) WHERE value NOT IN (SELECT job_id FROM standing)",
      JSON.stringify(jobIds),
    )
    .toArray()
    .map((row) => row.id);
}

type EntryRow = {
  job_id: string;
  media_id: string;
  batch_id: string | null;
  status: string;
  progress: number;
  sequence: number;
  tasks_done: number;
  looked_at: number;
  thumbnail_url: string | null;
};
