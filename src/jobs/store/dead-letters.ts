import type { InferSelectModel } from "drizzle-orm";
import { and, count, desc, eq, gte, inArray, isNull, lt, type SQL, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { deadLetters, deadMessages, type Resolution } from "../../schema/failures.ts";

export type DeadLetterRow = InferSelectModel<typeof deadLetters>;
export type DeadMessageRow = InferSelectModel<typeof deadMessages>;

export interface LetterFilter {
  class?: string;
  code?: string;
  failedAfterMs?: number;
  failedBeforeMs?: number;
  /** `open`: nobody has dealt with it. */
  resolution?: Resolution | "open";
  jobIds?: readonly string[];
}

interface LetterPage extends LetterFilter {
  /** Id of the last job of the page before. */
  cursor?: string;
  limit: number;
}

/** Dead letters of an owner, youngest job first; `nextCursor` when there are more. */
export async function listLetters(
  d1: D1Database,
  owner: string,
  page: LetterPage,
): Promise<{ letters: DeadLetterRow[]; nextCursor: string | undefined }> {
  const rows = await drizzle(d1)
    .select()
    .from(deadLetters)
    .where(
      and(matches(owner, page), page.cursor === undefined ? undefined : lt(deadLetters.jobId, page.cursor)),
    )
    .orderBy(desc(deadLetters.jobId))
    .limit(page.limit + 1);
  const letters = rows.slice(0, page.limit);
  return { letters, nextCursor: rows.length > page.limit ? letters.at(-1)?.jobId : undefined };
}

/** How many dead letters of an owner match. */
export async function countLetters(d1: D1Database, owner: string, filter: LetterFilter): Promise<number> {
  const [row] = await drizzle(d1)
    .select({ letters: count() })
    .from(deadLetters)
    .where(matches(owner, filter));
  return row?.letters ?? 0;
}

/** One dead letter of this owner. */
export async function readLetter(
  d1: D1Database,
  owner: string,
  jobId: string,
): Promise<DeadLetterRow | undefined> {
  return await drizzle(d1)
    .select()
    .from(deadLetters)
    .where(and(eq(deadLetters.jobId, jobId), eq(deadLetters.owner, owner)))
    .get();
}

/** Writes down what somebody found out or decided; a resolution of `null` opens it again. Undefined: there is none. */
export async function annotateLetter(
  d1: D1Database,
  owner: string,
  jobId: string,
  change: { notes?: string; resolution?: Resolution | null },
  nowMs: number,
): Promise<DeadLetterRow | undefined> {
  const { notes, resolution } = change;
  return await drizzle(d1)
    .update(deadLetters)
    .set({
      // An empty change is none, and still answers with the letter.
      jobId,
      ...(notes !== undefined && { notes }),
      ...(resolution !== undefined && { resolution, resolvedAt: resolution === null ? null : nowMs }),
    })
    .where(and(eq(deadLetters.jobId, jobId), eq(deadLetters.owner, owner)))
    .returning()
    .get();
}

/** Keeps a message that nobody could make sense of, once. */
export async function keepDeadMessage(d1: D1Database, message: DeadMessageRow): Promise<void> {
  await drizzle(d1).insert(deadMessages).values(message).onConflictDoNothing();
}

/** The messages that were kept, newest first. */
export async function listDeadMessages(d1: D1Database, limit: number): Promise<DeadMessageRow[]> {
  return await drizzle(d1).select().from(deadMessages).orderBy(desc(deadMessages.receivedAt)).limit(limit);
}

/** Forgets letters that were dealt with, and messages, before a time, some at a time. Returns how many letters. */
export async function forgetLetters(d1: D1Database, beforeMs: number, limit: number): Promise<number> {
  const db = drizzle(d1);
  const old = db
    .select({ id: deadLetters.jobId })
    .from(deadLetters)
    .where(and(sql`${deadLetters.resolution} IS NOT NULL`, lt(deadLetters.resolvedAt, beforeMs)))
    .limit(limit);
  const [forgotten] = await db.batch([
    db.delete(deadLetters).where(inArray(deadLetters.jobId, old)).returning({ id: deadLetters.jobId }),
    db.delete(deadMessages).where(lt(deadMessages.receivedAt, beforeMs)),
  ]);
  return forgotten.length;
}

function matches(owner: string, filter: LetterFilter): SQL | undefined {
  const { resolution, jobIds } = filter;
  return and(
    eq(deadLetters.owner, owner),
    filter.class === undefined ? undefined : eq(deadLetters.class, filter.class),
    filter.code === undefined ? undefined : eq(deadLetters.code, filter.code),
    filter.failedAfterMs === undefined ? undefined : gte(deadLetters.failedAt, filter.failedAfterMs),
    filter.failedBeforeMs === undefined ? undefined : lt(deadLetters.failedAt, filter.failedBeforeMs),
    resolution === "open"
      ? isNull(deadLetters.resolution)
      : resolution && eq(deadLetters.resolution, resolution),
    jobIds && sql`${deadLetters.jobId} IN (SELECT value FROM json_each(${JSON.stringify(jobIds)}))`,
  );
}
