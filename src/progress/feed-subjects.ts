/** What a feed asks of D1: whose ids are whose, how jobs stand, and which output is a thumbnail. */
import { and, desc, eq, inArray, isNotNull, lte, or, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { batches, type JobStatus, jobs } from "../schema/jobs.ts";
import { media } from "../schema/media.ts";
import { outputs } from "../schema/outputs.ts";
import type { Subjects } from "./feed-message.ts";

/** A job as its row has it. */
export interface JobAtRest {
  jobId: string;
  mediaId: string;
  batchId: string | null;
  status: JobStatus;
  /** 0–100, of the last stage boundary while it runs. */
  progress: number;
}

/** The subjects that are there and this owner's. */
export async function ownSubjects(d1: D1Database, owner: string, wanted: Subjects): Promise<Subjects> {
  const db = drizzle(d1);
  const [ownJobs, ownMedia, ownBatches] = await db.batch([
    db
      .select({ id: jobs.id })
      .from(jobs)
      .where(and(eq(jobs.owner, owner), inArray(jobs.id, listOf(wanted.jobs)))),
    db
      .select({ id: media.id })
      .from(media)
      .where(
        and(
          eq(media.owner, owner),
          inArray(media.id, listOf(wanted.media)),
          sql`${media.status} <> 'deleted'`,
        ),
      ),
    db
      .select({ id: batches.id })
      .from(batches)
      .where(and(eq(batches.owner, owner), inArray(batches.id, listOf(wanted.batches)))),
  ]);
  const found = new Set([...ownJobs, ...ownMedia, ...ownBatches].map((row) => row.id));
  return {
    jobs: wanted.jobs.filter((id) => found.has(id)),
    media: wanted.media.filter((id) => found.has(id)),
    batches: wanted.batches.filter((id) => found.has(id)),
    all: wanted.all,
  };
}

/**
 * The jobs that subjects stand for, newest first: the named ones, those of the batches, of each media the last one and
 * all that have not ended, of everything all that have not ended.
 */
export async function jobsOf(
  d1: D1Database,
  owner: string,
  subjects: Subjects,
  limit: number,
): Promise<JobAtRest[]> {
  const isActive = sql`${jobs.status} IN ('pending', 'processing')`;
  const isLastOfMedia = sql`${jobs.id} = (SELECT max(newer.id) FROM jobs AS newer WHERE newer.media_id = ${jobs.mediaId})`;
  return await drizzle(d1)
    .select({
      jobId: jobs.id,
      mediaId: jobs.mediaId,
      batchId: jobs.batchId,
      status: jobs.status,
      progress: jobs.progressPercentage,
    })
    .from(jobs)
    .where(
      and(
        eq(jobs.owner, owner),
        or(
          inArray(jobs.id, listOf(subjects.jobs)),
          inArray(jobs.batchId, listOf(subjects.batches)),
          and(inArray(jobs.mediaId, listOf(subjects.media)), or(isActive, isLastOfMedia)),
          subjects.all ? isActive : undefined,
        ),
      ),
    )
    .orderBy(desc(jobs.id))
    .limit(limit);
}

/** Pixels of a side, and bytes, up to which an image is a thumbnail. */
const THUMBNAIL_SIDE = 640;
const THUMBNAIL_BYTES = 300_000;

/** The path of the smallest image among the outputs of each job that has a small one. */
export async function readThumbnails(
  d1: D1Database,
  jobIds: readonly string[],
): Promise<Map<string, string>> {
  if (jobIds.length === 0) return new Map();
  const rows = await drizzle(d1)
    .select({ jobId: outputs.jobId, name: outputs.name })
    .from(outputs)
    .where(
      and(
        inArray(outputs.jobId, listOf(jobIds)),
        sql`${outputs.type} LIKE 'image/%'`,
        isNotNull(outputs.width),
        lte(outputs.width, THUMBNAIL_SIDE),
        lte(outputs.height, THUMBNAIL_SIDE),
        lte(outputs.bytes, THUMBNAIL_BYTES),
      ),
    )
    .orderBy(desc(outputs.bytes));
  return new Map(rows.map(({ jobId, name }) => [jobId, `/outputs/${jobId}/${name}`]));
}

function listOf(ids: readonly string[]) {
  return sql`(SELECT value FROM json_each(${JSON.stringify(ids)}))`;
}
