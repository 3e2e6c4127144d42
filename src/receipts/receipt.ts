import { z } from "@hono/zod-openapi";
import type { InferSelectModel } from "drizzle-orm";
import type { receipts } from "../schema/shipping.ts";

export type ReceiptRow = InferSelectModel<typeof receipts>;

/** Printable, so that a line of the activity log stays one line. */
const word = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[^\p{Cc}]+$/u, "No control characters");

/** What may be said of a file beside its bytes; the sender of `ship` says all of it. */
export const receiptFields = z.strictObject({
  worker_name: word.max(100),
  delivery_id: word.optional().openapi({ description: "The same for every repeat of one delivery" }),
  job_id: word.optional(),
  media_id: word.optional(),
  path: word.max(1_024).optional(),
  type: word.optional(),
  bytes: z
    .string()
    .regex(/^\d{1,15}$/)
    .optional(),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
});
export type ReceiptFields = z.infer<typeof receiptFields>;

export const receiptDocument = z
  .object({
    receipt_id: z.string(),
    worker_name: z.string(),
    filename: z.string(),
    type: z.string(),
    bytes: z.int(),
    sha256: z.string(),
    delivery_id: z.string().nullable(),
    details: z.record(z.string(), z.string()).openapi({ description: "What else the sender said" }),
    file_url: z.string(),
    created_at: z.iso.datetime(),
  })
  .openapi("Receipt");

export function describeReceipt(row: ReceiptRow, origin: string): z.infer<typeof receiptDocument> {
  return {
    receipt_id: row.id,
    worker_name: row.workerName,
    filename: row.filename,
    type: row.type,
    bytes: row.bytes,
    sha256: row.sha256,
    delivery_id: row.deliveryId,
    details: row.details,
    file_url: `${origin}/v1/receipts/${row.id}/file`,
    created_at: new Date(row.createdAt).toISOString(),
  };
}
