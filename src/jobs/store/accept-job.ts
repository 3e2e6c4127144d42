import { eq, type SQL, sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import { type DrizzleD1Database, drizzle } from "drizzle-orm/d1";
import { recordMediaReady } from "../../outbox.ts";
import { jobs } from "../../schema/jobs.ts";
import { media, uploads } from "../../schema/media.ts";
import { activity } from "../../schema/shipping.ts";
import { taskDependencies, tasks } from "../../schema/tasks.ts";
import type { JobRow, MediaRow, TaskDependencyRow, TaskRow } from "../claimed-task.ts";
import { storedOriginal } from "../stored-files.ts";
import { freeSlot, type SlotTerms } from "./content-slot.ts";
import { insertRows } from "./insert-rows.ts";
import { openToListeners } from "./open-channel.ts";
import { runBatch } from "./run-batch.ts";
import { examineMedia } from "./settle-media.ts";

export interface Acceptance {
  /** Absent when the job works on media that is already stored. */
  newMedia?: MediaRow;
  /** The upload that brought the media in; its row goes in the same batch. */
  uploadId?: string;
  job: JobRow;
  tasks: readonly TaskRow[];
  dependencies: readonly TaskDependencyRow[];
  /** When a job of the same content makes room for this one; needed where the job has a content hash. */
  slot?: SlotTerms;
  /** What else must hold at that moment for anything to be written. */
  condition?: SQL;
  /** More statements for the batch; `accepted` holds in them if the job was written. */
  alongside?: (db: DrizzleD1Database, accepted: SQL) => BatchItem<"sqlite">[];
}

export interface Accepted {
  /** Somebody hears of the job from its first moment on. */
  hasChannel: boolean;
  /** An event was written, and is to be sent on its way. */
  hasEvents: boolean;
}

/**
 * Writes media, job and tasks down together. Once this returns the job cannot be lost, so only then may a client
 * be told `201`. Media that is ready with it is told of in the same batch. Undefined when the media or its upload was
 * removed in the meantime, another job holds the slot of its content, or the condition does not hold: nothing is written.
 */
export async function acceptJob(d1: D1Database, acceptance: Acceptance): Promise<Accepted | undefined> {
  const db = drizzle(d1);
  const { newMedia, job, slot = HELD_FOR_EVER, condition = sql`1` } = acceptance;
  const mayBe = sql`${inputIsThere(acceptance)} AND ${condition}`;
  const accepted = sql`EXISTS (SELECT 1 FROM jobs WHERE id = ${job.id})`;
  const written = db.select({ hasChannel: jobs.hasChannel }).from(jobs).where(eq(jobs.id, job.id));
  const ready = recordMediaReady(db, newMedia?.id ?? "", job.requestId, sql`1`, job.createdAt);
  const resultOf = await runBatch(db, [
    job.contentHash !== null && freeSlot(db, job, slot, mayBe),
    insertRows(db, jobs, [job], mayBe),
    !job.hasChannel && openToListeners(db, sql`(${job.id})`),
    written,
    ...(newMedia
      ? [
          insertRows(db, media, [newMedia], accepted),
          insertRows(db, activity, [storedOriginal(newMedia, job)], accepted),
        ]
      : []),
    insertRows(db, tasks, acceptance.tasks, accepted),
    acceptance.dependencies.length > 0 && insertRows(db, taskDependencies, acceptance.dependencies, accepted),
    acceptance.uploadId !== undefined &&
      db.delete(uploads).where(sql`id = ${acceptance.uploadId} AND ${accepted}`),
    newMedia ? ready : examineMedia(db, job.id, accepted),
    ...(acceptance.alongside?.(db, accepted) ?? []),
  ]);
  const [row] = resultOf(written);
  return (
    row && { hasChannel: row.hasChannel, hasEvents: newMedia !== undefined && resultOf(ready).length > 0 }
  );
}

const HELD_FOR_EVER: SlotTerms = { createdAfterMs: 0, isForced: false };

/** An upload that took too long was discarded by the sweep, and its object with it: then nothing is accepted. */
function inputIsThere({ uploadId, newMedia, job }: Acceptance): SQL {
  if (uploadId) return sql`EXISTS (SELECT 1 FROM uploads WHERE id = ${uploadId})`;
  if (newMedia) return sql`1`;
  return sql`EXISTS (SELECT 1 FROM media WHERE id = ${job.mediaId} AND status <> 'deleted')`;
}
