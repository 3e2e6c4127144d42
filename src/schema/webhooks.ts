/** What happened that somebody asked to be told of, and its way to them. Times are Unix milliseconds. */
import { sql } from "drizzle-orm";
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";

export const EVENT_TYPES = [
  "job.started",
  "job.progress",
  "job.completed",
  "job.failed",
  "job.retry",
  "job.cancelled",
  "media.ready",
  "batch.progress",
  "batch.completed",
  "batch.failed",
  "media.rejected",
  "upload.expired",
  "webhook.ping",
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** Percentage points between two `job.progress` events to a job's own URL, and to endpoints that do not say. */
export const DEFAULT_PROGRESS_STEP = 25;

export const DELIVERY_STATES = ["waiting", "sending", "delivered", "failed", "discarded"] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/**
 * What happened that somebody asked to be told of, written in the batch of the transition that it tells
 * (`outbox.ts`), so that neither is there without the other.
 */
export const events = sqliteTable(
  "events",
  {
    /** Also the `webhook-id` of every delivery of it. */
    id: text().primaryKey(),
    owner: text().notNull(),
    type: text({ enum: EVENT_TYPES }).notNull(),
    /** The job, media or endpoint that it is about. */
    subjectId: text("subject_id").notNull(),
    jobId: text("job_id"),
    /** Names the transition: the same one, applied twice, is one event. */
    cause: text().notNull().unique(),
    /** Rises with every event of the subject; deliveries may overtake each other. */
    sequence: integer().notNull(),
    correlationId: text("correlation_id").notNull(),
    traceparent: text(),
    /** The subject as the transition left it, so that what is told later is still what happened. */
    snapshot: text({ mode: "json" }).$type<Record<string, unknown>>().notNull(),
    /** The job's own URL. */
    webhookUrl: text("webhook_url"),
    createdAt: integer("created_at").notNull(),
    /** When deliveries of it were written down. */
    dispatchedAt: integer("dispatched_at"),
  },
  (table) => [
    index("events_undispatched").on(table.subjectId).where(sql`dispatched_at IS NULL`),
    index("events_subject").on(table.subjectId, table.sequence),
    index("events_created").on(table.createdAt),
  ],
);

/** Where an owner wants events sent. */
export const webhookEndpoints = sqliteTable(
  "webhook_endpoints",
  {
    id: text().primaryKey(),
    owner: text().notNull(),
    url: text().notNull(),
    /** Event types, or `*` for all of them. */
    events: text({ mode: "json" }).$type<(EventType | "*")[]>().notNull(),
    /** Percentage points between two `job.progress` events. */
    progressStep: integer("progress_step").notNull(),
    enabled: integer({ mode: "boolean" }).notNull(),
    /** Why it is not enabled: its owner said so, or it answered 410. */
    disabledReason: text("disabled_reason", { enum: ["owner", "gone"] }),
    createdAt: integer("created_at").notNull(),
    updatedAt: integer("updated_at").notNull(),
  },
  (table) => [index("webhook_endpoints_owner").on(table.owner, table.id)],
);

/** Secrets that sign; without an endpoint, the owner's default for the URLs of jobs. They must be kept readable. */
export const webhookSecrets = sqliteTable(
  "webhook_secrets",
  {
    id: text().primaryKey(),
    owner: text().notNull(),
    endpointId: text("endpoint_id"),
    secret: text().notNull(),
    createdAt: integer("created_at").notNull(),
    /** When it was shown; a secret is shown once. */
    shownAt: integer("shown_at"),
    /** After a rotation: until when it still signs beside its successor. */
    expiresAt: integer("expires_at"),
  },
  (table) => [index("webhook_secrets_of").on(table.owner, table.endpointId)],
);

/** One event on its way to one place. */
export const webhookDeliveries = sqliteTable(
  "webhook_deliveries",
  {
    id: text().primaryKey(),
    owner: text().notNull(),
    eventId: text("event_id").notNull(),
    eventType: text("event_type", { enum: EVENT_TYPES }).notNull(),
    jobId: text("job_id"),
    /** Absent for a job's own URL. */
    endpointId: text("endpoint_id"),
    url: text().notNull(),
    /** What is kept apart from the rest when it fails: an endpoint, or an owner's URLs on one host. */
    target: text().notNull(),
    state: text({ enum: DELIVERY_STATES }).notNull(),
    /** Attempts in all; `scheduled` counts those since it was last asked for, and picks the delay. */
    attempts: integer().notNull().default(0),
    scheduled: integer().notNull().default(0),
    /** When it may be sent; while it is being sent, when its lease ends. */
    nextAt: integer("next_at").notNull(),
    leaseToken: text("lease_token"),
    createdAt: integer("created_at").notNull(),
    endedAt: integer("ended_at"),
  },
  (table) => [
    uniqueIndex("webhook_deliveries_event").on(table.eventId, table.target),
    index("webhook_deliveries_due")
      .on(table.target, table.nextAt)
      .where(sql`state IN ('waiting', 'sending')`),
    index("webhook_deliveries_overdue").on(table.nextAt).where(sql`state IN ('waiting', 'sending')`),
    index("webhook_deliveries_endpoint").on(table.endpointId, table.id),
    index("webhook_deliveries_job").on(table.jobId, table.id),
    index("webhook_deliveries_created").on(table.createdAt),
  ],
);

/** One request of a delivery, and what came of it. */
export const webhookAttempts = sqliteTable(
  "webhook_attempts",
  {
    deliveryId: text("delivery_id").notNull(),
    number: integer().notNull(),
    at: integer().notNull(),
    durationMs: integer("duration_ms").notNull(),
    /** HTTP status, when there was an answer. */
    status: integer(),
    /** Why there was none: a word such as `timeout`. */
    error: text(),
    /** The first 1 KB of the answer. */
    response: text(),
  },
  (table) => [primaryKey({ columns: [table.deliveryId, table.number] })],
);
