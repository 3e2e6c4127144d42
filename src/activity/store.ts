import { and, desc, eq, gte, type InferSelectModel, inArray, lt } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { LIMITS } from "../config.ts";
import { type ActivityType, activity, type FileKind } from "../schema/shipping.ts";

type ActivityRow = InferSelectModel<typeof activity>;

export interface ActivityFilter {
  type?: ActivityType;
  fileKind?: FileKind;
  worker?: string;
  jobId?: string;
  createdAfterMs?: number;
  createdBeforeMs?: number;
  /** Id of the last entry of the page before. */
  cursor?: string;
  limit: number;
}

/** What happened to an owner's files, newest first; `nextCursor` when there is more. */
export async function listActivity(
  d1: D1Database,
  owner: string,
  filter: ActivityFilter,
): Promise<{ entries: ActivityRow[]; nextCursor: string | undefined }> {
  const { type, fileKind, worker, jobId, createdAfterMs, createdBeforeMs, cursor, limit } = filter;
  const rows = await drizzle(d1)
    .select()
    .from(activity)
    .where(
      and(
        eq(activity.owner, owner),
        type && eq(activity.type, type),
        fileKind && eq(activity.fileKind, fileKind),
        worker === undefined ? undefined : eq(activity.worker, worker),
        jobId === undefined ? undefined : eq(activity.jobId, jobId),
        createdAfterMs === undefined ? undefined : gte(activity.createdAt, createdAfterMs),
        createdBeforeMs === undefined ? undefined : lt(activity.createdAt, createdBeforeMs),
        cursor === undefined ? undefined : lt(activity.id, cursor),
      ),
    )
    .orderBy(desc(activity.id))
    .limit(limit + 1);
  const entries = rows.slice(0, limit);
  return { entries, nextCursor: rows.length > limit ? entries.at(-1)?.id : undefined };
}

/** Forgets entries after 30 days, some at a time. Returns how many. */
export async function forgetActivity(d1: D1Database, nowMs: number, limit: number): Promise<number> {
  const db = drizzle(d1);
  const old = db
    .select({ id: activity.id })
    .from(activity)
    .where(lt(activity.createdAt, nowMs - LIMITS.activityKeptMs))
    .limit(limit);
  const forgotten = await db.delete(activity).where(inArray(activity.id, old)).returning({ id: activity.id });
  return forgotten.length;
}
