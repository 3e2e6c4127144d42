/** Where outputs are shipped to, what was received here, and the log of both. Times are Unix milliseconds. */
import { sql } from "drizzle-orm";
import { index, integer, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";

export const DESTINATION_KINDS = ["http", "s3"] as const;

/** Somebody else's place that outputs are shipped to. */
export const destinations = sqliteTable(
  "destinations",
  {
    id: text().primaryKey(),
    owner: text().notNull(),
    /** What steps may call it by. */
    name: text().notNull(),
    kind: text({ enum: DESTINATION_KINDS }).notNull(),
    /** Where files are posted to; of a bucket its endpoint. */
    url: text().notNull(),
    /** What else is known of it and no secret, typed by `kind` (`shipping/destination.ts`). */
    settings: text({ mode: "json" }).$type<Record<string, unknown>>().notNull(),
    /** Its credentials, encrypted (`shipping/seal.ts`). */
    sealed: text().notNull(),
    createdAt: integer("created_at").notNull(),
  },
  (table) => [uniqueIndex("destinations_owner_name").on(table.owner, table.name)],
);

/** A file that another service delivered here. */
export const receipts = sqliteTable(
  "receipts",
  {
    id: text().primaryKey(),
    owner: text().notNull(),
    workerName: text("worker_name").notNull(),
    filename: text().notNull(),
    /** By the bytes where they say it, else as it was declared. */
    type: text().notNull(),
    bytes: integer().notNull(),
    sha256: text().notNull(),
    objectKey: text("object_key").notNull(),
    /** The sender's own name for the delivery, the same however often it is repeated. */
    deliveryId: text("delivery_id"),
    /** What else the sender said of it. */
    details: text({ mode: "json" }).$type<Record<string, string>>().notNull(),
    createdAt: integer("created_at").notNull(),
  },
  (table) => [
    index("receipts_owner").on(table.owner, table.id),
    uniqueIndex("receipts_delivery")
      .on(table.owner, table.deliveryId, table.sha256)
      .where(sql`delivery_id IS NOT NULL`),
  ],
);

export const ACTIVITIES = ["stored", "shipped", "received"] as const;
export type ActivityType = (typeof ACTIVITIES)[number];

export const FILE_KINDS = ["image", "video", "file"] as const;
export type FileKind = (typeof FILE_KINDS)[number];

/** Which worker stored, shipped or received which file; written in the batch that makes it so. */
export const activity = sqliteTable(
  "activity",
  {
    id: text().primaryKey(),
    owner: text().notNull(),
    type: text({ enum: ACTIVITIES }).notNull(),
    fileKind: text("file_kind", { enum: FILE_KINDS }).notNull(),
    filename: text().notNull(),
    bytes: integer().notNull(),
    worker: text().notNull(),
    mediaId: text("media_id"),
    jobId: text("job_id"),
    destinationId: text("destination_id"),
    receiptId: text("receipt_id"),
    createdAt: integer("created_at").notNull(),
  },
  (table) => [
    index("activity_owner").on(table.owner, table.id),
    index("activity_created").on(table.createdAt),
  ],
);
