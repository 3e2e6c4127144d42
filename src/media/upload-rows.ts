import type { InferSelectModel } from "drizzle-orm";
import { and, eq, lt } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { recordUploadExpired } from "../outbox.ts";
import { uploads } from "../schema/media.ts";

export type UploadRow = InferSelectModel<typeof uploads>;

/** Notes, before the first byte is stored, what is about to lie in R2. */
export async function openUpload(d1: D1Database, row: UploadRow): Promise<void> {
  await drizzle(d1).insert(uploads).values(row);
}

export async function recordMultipart(d1: D1Database, uploadId: string, multipartId: string): Promise<void> {
  await drizzle(d1).update(uploads).set({ multipartId }).where(eq(uploads.id, uploadId));
}

/** Whether an upload is still on its way: its row goes in the very batch that accepts its media. */
export async function isUploadOpen(d1: D1Database, uploadId: string): Promise<boolean> {
  const rows = await drizzle(d1).select({ id: uploads.id }).from(uploads).where(eq(uploads.id, uploadId));
  return rows.length === 1;
}

/** Uploads that were opened before a time and never accepted. */
export async function findAbandonedUploads(
  d1: D1Database,
  beforeMs: number,
  limit: number,
): Promise<UploadRow[]> {
  return await drizzle(d1)
    .select()
    .from(uploads)
    .where(and(lt(uploads.createdAt, beforeMs)))
    .limit(limit);
}

/** Removes all that an upload left in R2, then its row: safe to repeat after a crash at any point. */
export async function discardUpload(d1: D1Database, bucket: R2Bucket, row: UploadRow): Promise<void> {
  await removeFiles(bucket, row);
  await drizzle(d1).delete(uploads).where(eq(uploads.id, row.id));
}

/** As {@link discardUpload}, of an upload that nobody went on with, and tells whoever listens. */
export async function expireUpload(
  d1: D1Database,
  bucket: R2Bucket,
  row: UploadRow,
  nowMs: number,
): Promise<void> {
  await removeFiles(bucket, row);
  const db = drizzle(d1);
  await db.batch([recordUploadExpired(db, row.id, nowMs), db.delete(uploads).where(eq(uploads.id, row.id))]);
}

async function removeFiles(bucket: R2Bucket, row: UploadRow): Promise<void> {
  if (row.multipartId) await abortMultipart(bucket, row.objectKey, row.multipartId);
  await bucket.delete(row.objectKey);
}

/** R2 answers an error for an upload that is completed or aborted already; either way nothing is left of it. */
async function abortMultipart(bucket: R2Bucket, key: string, multipartId: string): Promise<void> {
  try {
    await bucket.resumeMultipartUpload(key, multipartId).abort();
  } catch (error) {
    if (!/does not exist|NoSuchUpload|10024/i.test(String(error))) throw error;
  }
}
