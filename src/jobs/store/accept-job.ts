import { eq, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { recordMediaReady } from "../../outbox.ts";
import { jobs, media, taskDependencies, tasks, uploads } from "../../schema.ts";
import type { JobRow, MediaRow, TaskDependencyRow, TaskRow } from "../claimed-task.ts";
import { insertRows } from "./insert-rows.ts";
import { examineMedia } from "./settle-media.ts";

export interface Acceptance {
  /** Absent when the job works on media that is already stored. */
  newMedia?: MediaRow;
  /** The upload that brought the media in; its row goes in the same batch. */
  uploadId?: string;
  job: JobRow;
  tasks: readonly TaskRow[];
  dependencies: readonly TaskDependencyRow[];
}

/**
 * Writes media, job and tasks down together. Once this returns the job cannot be lost, so only then may a client
 * be told `201`. Media that is ready with it is told of in the same batch. `false` when the media or its upload was
 * removed in the meantime: nothing is written.
 */
export async function acceptJob(d1: D1Database, acceptance: Acceptance): Promise<boolean> {
  const db = drizzle(d1);
  // An upload that took too long was discarded by the sweep, and its object with it: then nothing is accepted.
  const uploadIsOpen = acceptance.uploadId
    ? sql`EXISTS (SELECT 1 FROM uploads WHERE id = ${acceptance.uploadId})`
    : sql`1`;
  const mediaIsThere = sql`EXISTS (SELECT 1 FROM media WHERE id = ${acceptance.job.mediaId} AND status <> 'deleted')`;
  const [, , , , , accepted] = await db.batch([
    insertRows(db, media, acceptance.newMedia ? [acceptance.newMedia] : [], uploadIsOpen),
    insertRows(db, jobs, [acceptance.job], mediaIsThere),
    insertRows(db, tasks, acceptance.tasks, mediaIsThere),
    insertRows(db, taskDependencies, acceptance.dependencies, mediaIsThere),
    db.delete(uploads).where(eq(uploads.id, acceptance.uploadId ?? "")),
    db.select({ id: jobs.id }).from(jobs).where(eq(jobs.id, acceptance.job.id)),
    recordMediaReady(
      db,
      acceptance.newMedia?.id ?? "",
      acceptance.job.requestId,
      sql`1`,
      acceptance.job.createdAt,
    ),
    ...(acceptance.newMedia ? [] : [examineMedia(db, acceptance.job.id, sql`1`)]),
  ]);
  return accepted.length === 1;
}
