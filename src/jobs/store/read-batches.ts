import { and, desc, eq, getTableColumns, gte, lt, type SQL, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { alias } from "drizzle-orm/sqlite-core";
import { BATCH_COUNTS, BATCH_PROGRESS } from "../../outbox.ts";
import { type BatchEnd, batches, type JobStatus, jobs } from "../../schema/jobs.ts";
import type { BatchRow } from "../claimed-task.ts";

export interface BatchCounts {
  total: number;
  pending: number;
  processing: number;
  completed: number;
  failed: number;
  cancelled: number;
}

/** A batch with what its jobs are at. */
export interface BatchSummary {
  batch: BatchRow;
  counts: BatchCounts;
  /** 0–100, weighted by how long each job was expected to take. */
  progressPercentage: number;
}

export type BatchStatus = "pending" | "processing" | BatchEnd;

export interface BatchFilter {
  status?: BatchStatus;
  createdAfterMs?: number;
  createdBeforeMs?: number;
  /** Id of the last batch of the page before. */
  cursor?: string;
  limit: number;
}

/** The expressions of the outbox speak of the batch as `b`. */
const b = alias(batches, "b");

/** One batch of this owner; undefined when there is none, or it is another's. */
export async function readBatch(
  d1: D1Database,
  owner: string,
  batchId: string,
): Promise<BatchSummary | undefined> {
  const [found] = await summaries(d1, and(eq(b.id, batchId), eq(b.owner, owner)), 1);
  return found;
}

/** Batches of an owner, newest first; `nextCursor` when there are more. */
export async function listBatches(
  d1: D1Database,
  owner: string,
  filter: BatchFilter,
): Promise<{ batches: BatchSummary[]; nextCursor: string | undefined }> {
  const condition = and(
    eq(b.owner, owner),
    filter.status && hasStatus(filter.status),
    filter.createdAfterMs === undefined ? undefined : gte(b.createdAt, filter.createdAfterMs),
    filter.createdBeforeMs === undefined ? undefined : lt(b.createdAt, filter.createdBeforeMs),
    filter.cursor === undefined ? undefined : lt(b.id, filter.cursor),
  );
  const found = await summaries(d1, condition, filter.limit + 1);
  const page = found.slice(0, filter.limit);
  return { batches: page, nextCursor: found.length > filter.limit ? page.at(-1)?.batch.id : undefined };
}

/** Ids of the jobs of a batch, of those in one state when it is given. */
export async function listJobIds(d1: D1Database, batchId: string, status?: JobStatus): Promise<string[]> {
  const found = await drizzle(d1)
    .select({ id: jobs.id })
    .from(jobs)
    .where(and(eq(jobs.batchId, batchId), status && eq(jobs.status, status)));
  return found.map((job) => job.id);
}

async function summaries(d1: D1Database, condition: SQL | undefined, limit: number): Promise<BatchSummary[]> {
  const rows = await drizzle(d1)
    .select({
      ...getTableColumns(b),
      counts: sql<string>`${BATCH_COUNTS}`,
      progress: sql<number>`${BATCH_PROGRESS}`,
    })
    .from(b)
    .where(condition)
    .orderBy(desc(b.id))
    .limit(limit);
  return rows.map(({ counts, progress, ...batch }) => ({
    batch,
    counts: JSON.parse(counts) as BatchCounts,
    progressPercentage: progress,
  }));
}

function hasStatus(status: BatchStatus): SQL {
  const hasStarted = sql`EXISTS (SELECT 1 FROM jobs AS p WHERE p.batch_id = b.id AND p.status <> 'pending')`;
  if (status === "processing") return sql`b.finished_at IS NULL AND ${hasStarted}`;
  if (status === "pending") return sql`b.finished_at IS NULL AND NOT ${hasStarted}`;
  return sql`b.status = ${status}`;
}
