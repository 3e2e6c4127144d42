import { and, desc, eq, lt, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { newId } from "../id.ts";
import type { ActivityRow } from "../jobs/claimed-task.ts";
import { insertRows } from "../jobs/store/insert-rows.ts";
import { fileKindOf } from "../jobs/stored-files.ts";
import { uploads } from "../schema/media.ts";
import { activity, receipts } from "../schema/shipping.ts";
import type { ReceiptRow } from "./receipt.ts";

/**
 * Writes a receipt down, and that it was received, and with it the file's upload has ended: one batch. Zero rows, and
 * then nothing is written: the same delivery was received before, or its upload took too long and was discarded.
 *
 * @returns the receipt that stands for the delivery by now; undefined when there is none
 */
export async function recordReceipt(
  d1: D1Database,
  row: ReceiptRow,
  uploadId: string,
): Promise<ReceiptRow | undefined> {
  const db = drizzle(d1);
  const isRecorded = sql`EXISTS (SELECT 1 FROM receipts WHERE id = ${row.id})`;
  await db.batch([
    insertRows(db, receipts, [row], sql`EXISTS (SELECT 1 FROM uploads WHERE id = ${uploadId})`),
    insertRows(db, activity, [received(row)], isRecorded),
    db.delete(uploads).where(sql`id = ${uploadId} AND ${isRecorded}`),
  ]);
  return (await readReceipt(d1, row.owner, row.id)) ?? (await findDelivery(d1, row));
}

function received(row: ReceiptRow): ActivityRow {
  return {
    id: newId("activity", row.createdAt),
    owner: row.owner,
    type: "received",
    fileKind: fileKindOf(row.type),
    filename: row.filename,
    bytes: row.bytes,
    worker: row.workerName,
    mediaId: null,
    jobId: null,
    destinationId: null,
    receiptId: row.id,
    createdAt: row.createdAt,
  };
}

async function findDelivery(d1: D1Database, row: ReceiptRow): Promise<ReceiptRow | undefined> {
  if (row.deliveryId === null) return undefined;
  return await drizzle(d1)
    .select()
    .from(receipts)
    .where(
      and(
        eq(receipts.owner, row.owner),
        eq(receipts.deliveryId, row.deliveryId),
        eq(receipts.sha256, row.sha256),
      ),
    )
    .get();
}

/** One receipt of this owner; undefined when there is none, or it is another's. */
export async function readReceipt(
  d1: D1Database,
  owner: string,
  id: string,
): Promise<ReceiptRow | undefined> {
  return await drizzle(d1)
    .select()
    .from(receipts)
    .where(and(eq(receipts.id, id), eq(receipts.owner, owner)))
    .get();
}

/** Receipts of an owner, newest first; `nextCursor` when there are more. */
export async function listReceipts(
  d1: D1Database,
  owner: string,
  { worker, cursor, limit }: { worker?: string; cursor?: string; limit: number },
): Promise<{ receipts: ReceiptRow[]; nextCursor: string | undefined }> {
  const rows = await drizzle(d1)
    .select()
    .from(receipts)
    .where(
      and(
        eq(receipts.owner, owner),
        worker === undefined ? undefined : eq(receipts.workerName, worker),
        cursor === undefined ? undefined : lt(receipts.id, cursor),
      ),
    )
    .orderBy(desc(receipts.id))
    .limit(limit + 1);
  const page = rows.slice(0, limit);
  return { receipts: page, nextCursor: rows.length > limit ? page.at(-1)?.id : undefined };
}

/** Removes the file, then the row: safe to repeat after a crash in between. */
export async function deleteReceipt(d1: D1Database, bucket: R2Bucket, row: ReceiptRow): Promise<void> {
  await bucket.delete(row.objectKey);
  await drizzle(d1).delete(receipts).where(eq(receipts.id, row.id));
}
