/** Originals, on their way in and stored, and what is made of them on demand. Times are Unix milliseconds. */
import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { ImageAnalysis } from "../image/analysis.ts";

/**
 * An original on its way in. The row is written before the first byte is stored and removed in the batch that
 * accepts the media, so whatever a crash leaves in R2 can be found from here.
 */
export const uploads = sqliteTable(
  "uploads",
  {
    id: text().primaryKey(),
    owner: text().notNull(),
    objectKey: text("object_key").notNull(),
    /** R2 multipart upload id, once there is one. */
    multipartId: text("multipart_id"),
    createdAt: integer("created_at").notNull(),
  },
  (table) => [index("uploads_created").on(table.createdAt)],
);

export const media = sqliteTable(
  "media",
  {
    id: text().primaryKey(),
    owner: text().notNull(),
    /** `unknown` until it has been fetched. */
    kind: text({ enum: ["image", "video", "audio", "unknown"] }).notNull(),
    /** True MIME type, from the bytes. */
    type: text().notNull(),
    filename: text().notNull(),
    sizeBytes: integer("size_bytes").notNull(),
    sha256: text().notNull(),
    objectKey: text("object_key").notNull(),
    /** `incoming`: stored, and nobody examines it; `processing`: a probe will. */
    status: text({ enum: ["incoming", "processing", "ready", "rejected", "deleted"] }).notNull(),
    /** Bumped when the picture behind the id changes; part of every derivative's key. */
    version: integer().notNull().default(1),
    /** What was learned of it: `ImageProbe` or `SourceDescription`. */
    metadata: text({ mode: "json" }).$type<Record<string, unknown>>().notNull(),
    createdAt: integer("created_at").notNull(),
  },
  (table) => [index("media_owner").on(table.owner, table.id)],
);

/** An image made on demand from a URL. It can be deleted at any time and made again. */
export const derivatives = sqliteTable(
  "derivatives",
  {
    objectKey: text("object_key").primaryKey(),
    mediaId: text("media_id").notNull(),
    type: text().notNull(),
    bytes: integer().notNull(),
    width: integer().notNull(),
    height: integer().notNull(),
    createdAt: integer("created_at").notNull(),
  },
  (table) => [index("derivatives_media").on(table.mediaId)],
);

/**
 * What was learned of a picture from a small copy of it. By content, so that the same picture is looked at once, whoever
 * sends it however often.
 */
export const imageAnalyses = sqliteTable("image_analyses", {
  sha256: text().primaryKey(),
  analysis: text({ mode: "json" }).$type<ImageAnalysis>().notNull(),
  createdAt: integer("created_at").notNull(),
});

/** Where media comes from that image URLs name by the absolute URL of a listed origin. */
export const remoteImages = sqliteTable(
  "remote_images",
  {
    mediaId: text("media_id").primaryKey(),
    url: text().notNull(),
    etag: text(),
    /** Until then its host is not asked whether it changed. */
    freshUntil: integer("fresh_until").notNull(),
  },
  (table) => [index("remote_images_fresh").on(table.freshUntil)],
);

/**
 * By what a picture is found that looks like another: its perceptual hash, whole and in four bands of 16 bits, each
 * indexed, since SQL can compare numbers for being equal and not for how many bits they share.
 */
export const mediaHashes = sqliteTable(
  "media_hashes",
  {
    mediaId: text("media_id").primaryKey(),
    owner: text().notNull(),
    /** 16 hex digits; null where the picture has no features, so that nobody looks again. */
    hash: text(),
    band0: integer(),
    band1: integer(),
    band2: integer(),
    band3: integer(),
  },
  (table) => [
    index("media_hashes_band0").on(table.owner, table.band0),
    index("media_hashes_band1").on(table.owner, table.band1),
    index("media_hashes_band2").on(table.owner, table.band2),
    index("media_hashes_band3").on(table.owner, table.band3),
  ],
);
