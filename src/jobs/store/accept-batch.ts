import { eq, type SQL, sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import { type DrizzleD1Database, drizzle } from "drizzle-orm/d1";
import { batches, jobs } from "../../schema/jobs.ts";
import { media } from "../../schema/media.ts";
import { taskDependencies, tasks } from "../../schema/tasks.ts";
import type { BatchRow, JobRow, MediaRow, TaskDependencyRow, TaskRow } from "../claimed-task.ts";
import { insertRows } from "./insert-rows.ts";
import { openToListeners } from "./open-channel.ts";

export interface BatchAcceptance {
  batch: BatchRow;
  /** Of jobs whose original is yet to be fetched. */
  newMedia: readonly MediaRow[];
  jobs: readonly JobRow[];
  tasks: readonly TaskRow[];
  dependencies: readonly TaskDependencyRow[];
  /** What else must hold at that moment for anything to be written. */
  condition?: SQL;
  /** More statements of the same transaction; `accepted` holds in them if the batch was written. */
  alongside?: (db: DrizzleD1Database, accepted: SQL) => BatchItem<"sqlite">[];
}

/**
 * Writes a batch and all its jobs down together: all of them or none. `heard` are the jobs that somebody hears of from
 * their first moment on, beside those that were planned so. Undefined when a media was removed in the meantime, or the
 * condition does not hold.
 */
export async function acceptBatch(
  d1: D1Database,
  acceptance: BatchAcceptance,
): Promise<{ heard: ReadonlySet<string> } | undefined> {
  const db = drizzle(d1);
  const { batch, condition = sql`1` } = acceptance;
  const accepted = sql`EXISTS (SELECT 1 FROM batches WHERE id = ${batch.id})`;
  const [, written, , , heard] = await db.batch([
    insertRows(db, batches, [batch], sql`${allMediaAreThere(acceptance)} AND ${condition}`),
    db.select({ id: batches.id }).from(batches).where(eq(batches.id, batch.id)),
    insertRows(db, media, acceptance.newMedia, accepted),
    insertRows(db, jobs, acceptance.jobs, accepted),
    openToListeners(db, sql`(SELECT j.id FROM jobs AS j WHERE j.batch_id = ${batch.id})`),
    insertRows(db, tasks, acceptance.tasks, accepted),
    insertRows(db, taskDependencies, acceptance.dependencies, accepted),
    ...(acceptance.alongside?.(db, accepted) ?? []),
  ]);
  return written.length === 1 ? { heard: new Set(heard.map(({ id }) => id)) } : undefined;
}

function allMediaAreThere({ jobs: all, newMedia }: BatchAcceptance): SQL {
  const toCome = new Set(newMedia.map(({ id }) => id));
  const wanted = all.map((job) => job.mediaId).filter((id) => !toCome.has(id));
  const ids = JSON.stringify([...new Set(wanted)]);
  return sql`NOT EXISTS (SELECT 1 FROM json_each(${ids}) AS wanted WHERE NOT EXISTS (
    SELECT 1 FROM media AS m WHERE m.id = wanted.value AND m.status <> 'deleted'))`;
}
