import { and, desc, eq, lt, ne, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { recordMediaReady } from "../outbox.ts";
import { media, remoteImages } from "../schema/media.ts";
import type { MediaRecord } from "./record.ts";

/** A media of this owner that has not been deleted. */
export async function readMedia(
  d1: D1Database,
  owner: string,
  mediaId: string,
): Promise<MediaRecord | undefined> {
  const [row] = await drizzle(d1)
    .select()
    .from(media)
    .where(and(eq(media.id, mediaId), eq(media.owner, owner), ne(media.status, "deleted")));
  return row;
}

/** Of these ids, the media of this owner that have not been deleted. */
export async function readManyMedia(
  d1: D1Database,
  owner: string,
  mediaIds: readonly string[],
): Promise<Map<string, MediaRecord>> {
  const rows = await drizzle(d1)
    .select()
    .from(media)
    .where(
      and(
        sql`id IN (SELECT value FROM json_each(${JSON.stringify(mediaIds)}))`,
        eq(media.owner, owner),
        ne(media.status, "deleted"),
      ),
    );
  return new Map(rows.map((row) => [row.id, row]));
}

/** A media of whatever owner: for image URLs, whose own policy decides who may see them. */
export async function readPublishedMedia(d1: D1Database, mediaId: string): Promise<MediaRecord | undefined> {
  const [row] = await drizzle(d1)
    .select()
    .from(media)
    .where(and(eq(media.id, mediaId), ne(media.status, "deleted")));
  return row;
}

/** Media of an owner, newest first. */
export async function listMedia(
  d1: D1Database,
  owner: string,
  filter: { kind?: MediaRecord["kind"]; cursor?: string; limit: number },
): Promise<{ media: MediaRecord[]; nextCursor: string | undefined }> {
  const rows = await drizzle(d1)
    .select()
    .from(media)
    .where(
      and(
        eq(media.owner, owner),
        ne(media.status, "deleted"),
        filter.kind && eq(media.kind, filter.kind),
        filter.cursor === undefined ? undefined : lt(media.id, filter.cursor),
      ),
    )
    .orderBy(desc(media.id))
    .limit(filter.limit + 1);
  const page = rows.slice(0, filter.limit);
  return { media: page, nextCursor: rows.length > filter.limit ? page.at(-1)?.id : undefined };
}

/** Keeps what a probe learned, and with it the media is ready, which is told to whoever listens. */
export async function recordMetadata(
  d1: D1Database,
  mediaId: string,
  metadata: MediaRecord["metadata"],
  requestId: string,
  nowMs: number,
): Promise<void> {
  const db = drizzle(d1);
  await db.batch([
    db
      .update(media)
      .set({ metadata, status: "ready" })
      .where(and(eq(media.id, mediaId), eq(media.status, "processing"))),
    recordMediaReady(db, mediaId, requestId, sql`1`, nowMs),
  ]);
}

/** An image of a listed origin that nobody has asked for since a time. */
export async function findOldRemote(d1: D1Database, beforeMs: number): Promise<MediaRecord | undefined> {
  const [found] = await drizzle(d1)
    .select({ record: media })
    .from(remoteImages)
    .innerJoin(media, eq(media.id, remoteImages.mediaId))
    .where(lt(remoteImages.freshUntil, beforeMs))
    .limit(1);
  return found?.record;
}

/** Media that are marked as deleted and not all gone yet. */
export async function findDeletedMedia(d1: D1Database, limit: number): Promise<MediaRecord[]> {
  return await drizzle(d1).select().from(media).where(eq(media.status, "deleted")).limit(limit);
}

/** Hides a media from every reader; its version moves on, so that no cached derivative is served for it. */
export async function markDeleted(d1: D1Database, record: MediaRecord): Promise<void> {
  await drizzle(d1)
    .update(media)
    .set({ status: "deleted", version: record.version + 1 })
    .where(eq(media.id, record.id));
}
