import { and, eq, type SQL, sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import type { DrizzleD1Database } from "drizzle-orm/d1";
import { recordMediaReady } from "../../outbox.ts";
import { jobs } from "../../schema/jobs.ts";
import { media, uploads } from "../../schema/media.ts";
import type { JobRow, MediaRow } from "../claimed-task.ts";
import { freeSlot, type SlotTerms } from "./content-slot.ts";

/** What an original that was fetched turned out to be, and what its job becomes with that. */
export interface Fetched {
  media: MediaRow;
  /** The upload under which it was stored. */
  uploadId: string;
  planned: Pick<
    JobRow,
    "kind" | "stages" | "outputSpecifications" | "steps" | "estimate" | "estimatedDurationMs" | "contentHash"
  >;
}

/**
 * The statements with which a fetch is settled, for the batch that finishes its task while `guard` holds: the media is
 * what was fetched, the job is of its kind, and from now on the answer to submissions of the same content, unless
 * another one is.
 */
export function settleFetch(
  db: DrizzleD1Database,
  job: JobRow,
  { media: found, uploadId, planned }: Fetched,
  slot: SlotTerms,
  guard: SQL,
): BatchItem<"sqlite">[] {
  // Only what the original decides: the job has started, and belongs to what it belonged to.
  const { contentHash, outputSpecifications, steps, stages, estimate, estimatedDurationMs } = planned;
  const isTaken = sql`EXISTS (SELECT 1 FROM jobs AS other WHERE other.owner = ${job.owner} AND other.content_hash = ${contentHash})`;
  const { kind, type, sizeBytes, sha256, objectKey, status, metadata, filename } = found;
  return [
    freeSlot(db, { ...job, contentHash }, slot, guard),
    db
      .update(jobs)
      .set({
        ...{ kind: planned.kind, outputSpecifications, steps, stages, estimate, estimatedDurationMs },
        contentHash: sql`CASE WHEN NOT ${isTaken} THEN ${contentHash} END`,
      })
      .where(and(eq(jobs.id, job.id), guard)),
    db
      .update(media)
      .set({ kind, type, sizeBytes, sha256, objectKey, status, metadata, filename })
      .where(and(eq(media.id, job.mediaId), eq(media.kind, "unknown"), guard)),
    db.delete(uploads).where(and(eq(uploads.id, uploadId), guard)),
    recordMediaReady(db, job.mediaId, job.requestId, guard, Date.now()),
  ];
}
