import { z } from "@hono/zod-openapi";
import type { InferSelectModel } from "drizzle-orm";
import { ACTIVITIES, type activity, FILE_KINDS } from "../schema/shipping.ts";

type ActivityRow = InferSelectModel<typeof activity>;

export const entryDocument = z
  .object({
    activity_id: z.string(),
    type: z.enum(ACTIVITIES),
    file_kind: z.enum(FILE_KINDS),
    filename: z.string(),
    bytes: z.int(),
    worker: z.string(),
    media_id: z.string().nullable(),
    job_id: z.string().nullable(),
    destination_id: z.string().nullable(),
    receipt_id: z.string().nullable(),
    created_at: z.iso.datetime(),
  })
  .openapi("Activity");

export function describeEntry(row: ActivityRow): z.infer<typeof entryDocument> {
  return {
    activity_id: row.id,
    type: row.type,
    file_kind: row.fileKind,
    filename: row.filename,
    bytes: row.bytes,
    worker: row.worker,
    media_id: row.mediaId,
    job_id: row.jobId,
    destination_id: row.destinationId,
    receipt_id: row.receiptId,
    created_at: new Date(row.createdAt).toISOString(),
  };
}

/** As one line, in UTC: `[2026-01-15 14:30:45] WORKER: worker-1 | IMAGE: watermarked_photo.jpg`. */
export function lineOf(row: Pick<ActivityRow, "createdAt" | "worker" | "fileKind" | "filename">): string {
  const at = new Date(row.createdAt).toISOString().slice(0, 19).replace("T", " ");
  return `[${at}] WORKER: ${row.worker} | ${row.fileKind.toUpperCase()}: ${row.filename}`;
}
