/**
 * The tables. D1 is the truth: what is not here did not happen. Times are Unix milliseconds; ids are opaque,
 * prefixed and sortable by time (`id.ts`). `migrations/` is generated from this file by `npm run db:generate`.
 */
import { type SQL, sql } from "drizzle-orm";
import { index, integer, primaryKey, real, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import type { ImageAnalysis } from "./image/analyze.ts";

export const PRIORITIES = ["urgent", "high", "normal", "low"] as const;
export type Priority = (typeof PRIORITIES)[number];

export const JOB_STATUSES = ["pending", "processing", "completed", "failed", "cancelled"] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];

export const TASK_STATES = ["blocked", "ready", "leased", "done", "failed", "cancelled"] as const;
export type TaskState = (typeof TASK_STATES)[number];

export const LANES = ["edge", "container-short", "container-long", "io"] as const;
export type Lane = (typeof LANES)[number];

export const TASK_KINDS = [
  ...(["probe", "image", "transcode", "thumbnail"] as const),
  ...(["stream", "chunk", "audio", "package"] as const),
  ...(["fetch", "watermark", "ship"] as const),
] as const;
/** Which slot a container task needs; tasks of the other lanes are all `standard`. */
export const SLOT_SIZES = ["standard", "large"] as const;
export type SlotSize = (typeof SLOT_SIZES)[number];

export type TaskKind = (typeof TASK_KINDS)[number];

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

export const DELIVERY_STATES = ["waiting", "sending", "delivered", "failed", "discarded"] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

export const RESOLUTIONS = ["reprocessed", "cancelled", "fixed"] as const;
export type Resolution = (typeof RESOLUTIONS)[number];

export const SCOPES = ["read", "write", "admin"] as const;
export type Scope = (typeof SCOPES)[number];

/** A key is shown once; only its SHA-256 (hex) is kept. */
export const apiKeys = sqliteTable("api_keys", {
  id: text().primaryKey(),
  hash: text().notNull().unique(),
  owner: text().notNull(),
  name: text().notNull(),
  scopes: text({ mode: "json" }).$type<Scope[]>().notNull(),
  createdAt: integer("created_at").notNull(),
  revokedAt: integer("revoked_at"),
});

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

/** What a client sees of a failure. `detail` is private words for operators and is not sent to clients. */
export interface FailureRecord {
  code: string;
  class: string;
  message: string;
  failedStage?: string;
  detail?: string;
}

/** Owners whose feed somebody follows now (`progress/followers.ts`). */
export const feedFollowers = sqliteTable("feed_followers", {
  owner: text().primaryKey(),
  since: integer().notNull(),
});

/** How long a job was expected to take when it was accepted, and what by; milliseconds. */
export interface JobEstimate {
  sizeBucket: number;
  outputCount: number;
  /** Of its first task. */
  lane: Lane;
  basis: "history" | "formula";
  /** Jobs of its shape that were known. */
  samples: number;
  /** Ready or running in the lane, and not behind it. */
  tasksAhead: number;
  waitMs: number;
  runMs: number;
  /** From acceptance to the end, with a margin for safety. */
  expectedMs: number;
  lowMs: number;
  highMs: number;
}

export const jobs = sqliteTable(
  "jobs",
  {
    id: text().primaryKey(),
    owner: text().notNull(),
    mediaId: text("media_id").notNull(),
    /** `unknown` until its original has been fetched. */
    kind: text({ enum: ["image", "video", "unknown"] }).notNull(),
    status: text({ enum: JOB_STATUSES }).notNull(),
    priority: text({ enum: PRIORITIES }).notNull(),
    /** Outputs that fail for good do not take the others with them. */
    allowPartial: integer("allow_partial", { mode: "boolean" }).notNull().default(false),
    /** From 1; every explicit retry begins another. */
    run: integer().notNull().default(1),
    /** The output specifications as the client wrote them. */
    outputSpecifications: text("output_specifications", { mode: "json" }).$type<unknown[]>().notNull(),
    /** Stage weights' keys that this job has, in order (`progress/stages.ts`). */
    stages: text({ mode: "json" }).$type<string[]>().notNull(),
    currentStage: text("current_stage"),
    progressPercentage: real("progress_percentage").notNull().default(0),
    /** As it was said at submission; true is `finishedAt` − `createdAt`. */
    estimatedDurationMs: integer("estimated_duration_ms").notNull(),
    estimate: text({ mode: "json" }).$type<JobEstimate>(),
    notes: text({ mode: "json" }).$type<string[]>().notNull().default([]),
    /** What is done with the outputs one after the other, as the client wrote it. */
    steps: text({ mode: "json" }).$type<unknown[]>().notNull().default([]),
    error: text({ mode: "json" }).$type<FailureRecord>(),
    requestId: text("request_id").notNull(),
    traceparent: text(),
    /** Where this job's own events go, beside the endpoints that its owner has registered. */
    webhookUrl: text("webhook_url"),
    /** While this job is the answer to submissions of the same content (`jobs/store/content-slot.ts`). */
    contentHash: text("content_hash"),
    batchId: text("batch_id"),
    createdAt: integer("created_at").notNull(),
    startedAt: integer("started_at"),
    finishedAt: integer("finished_at"),
    deadlineAt: integer("deadline_at").notNull(),
  },
  (table) => [
    index("jobs_owner").on(table.owner, table.id),
    index("jobs_owner_status").on(table.owner, table.status, table.id),
    index("jobs_media").on(table.mediaId),
    index("jobs_batch").on(table.batchId, table.id).where(sql`batch_id IS NOT NULL`),
    uniqueIndex("jobs_content").on(table.owner, table.contentHash).where(sql`content_hash IS NOT NULL`),
    index("jobs_deadline").on(table.deadlineAt).where(sql`status IN ('pending', 'processing')`),
  ],
);

/**
 * How long jobs took lately, by kind, size and number of outputs, and how long a lane let them wait (`jobs/estimate.ts`).
 */
export const durationHistory = sqliteTable(
  "duration_history",
  {
    /** A kind of job, or `wait:<lane>`. */
    kind: text().notNull(),
    sizeBucket: integer("size_bucket").notNull(),
    outputCount: integer("output_count").notNull(),
    /** How many there were in all. */
    samples: integer().notNull(),
    /** Milliseconds of the last ones, oldest first. */
    recent: text({ mode: "json" }).$type<number[]>().notNull(),
    updatedAt: integer("updated_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.kind, table.sizeBucket, table.outputCount] })],
);

export const ON_ITEM_FAILURE = ["continue", "fail_fast"] as const;
/** How a batch ended: all jobs completed; some; none, or one failed that may not; none, and none failed. */
export const BATCH_ENDS = ["completed", "partial", "failed", "cancelled"] as const;
export type BatchEnd = (typeof BATCH_ENDS)[number];

/** Jobs that were accepted together. What it is at is read from its jobs; only its end is written here. */
export const batches = sqliteTable(
  "batches",
  {
    id: text().primaryKey(),
    owner: text().notNull(),
    onItemFailure: text("on_item_failure", { enum: ON_ITEM_FAILURE }).notNull(),
    /** Where the batch's own events go. */
    webhookUrl: text("webhook_url"),
    requestId: text("request_id").notNull(),
    traceparent: text(),
    /** Absent while a job of it has not ended. */
    status: text({ enum: BATCH_ENDS }),
    createdAt: integer("created_at").notNull(),
    finishedAt: integer("finished_at"),
  },
  (table) => [
    index("batches_owner").on(table.owner, table.id),
    index("batches_fail_fast").on(table.id).where(sql`finished_at IS NULL AND on_item_failure = 'fail_fast'`),
  ],
);

export const tasks = sqliteTable(
  "tasks",
  {
    id: text().primaryKey(),
    jobId: text("job_id").notNull(),
    kind: text({ enum: TASK_KINDS }).notNull(),
    lane: text({ enum: LANES }).notNull(),
    state: text({ enum: TASK_STATES }).notNull(),
    /** created_at − priority × head start: the lowest is claimed first. */
    rank: integer().notNull(),
    /** Names of the outputs that this task records: what is lost with it. */
    outputNames: text("output_names", { mode: "json" }).$type<string[]>().notNull().default([]),
    /** That of its job. */
    priority: text({ enum: PRIORITIES }).notNull().default("normal"),
    /** The smallest slot that it fits into; rises when it did not fit after all. */
    slotSize: text("slot_size", { enum: SLOT_SIZES }).notNull().default("standard"),
    /** What it is expected to take at its worst moment; 0 when nobody knows. */
    memoryBytes: integer("memory_bytes").notNull().default(0),
    diskBytes: integer("disk_bytes").notNull().default(0),
    /** What to do, typed by `kind` (`processing/task-spec.ts`). */
    spec: text({ mode: "json" }).$type<unknown>().notNull(),
    /** Share of its stage, relative to its siblings. */
    weight: real().notNull().default(1),
    availableAt: integer("available_at").notNull(),
    leaseToken: text("lease_token"),
    leaseUntil: integer("lease_until"),
    workerId: text("worker_id"),
    /** Runs so far, of any outcome; names the attempt's own prefix in R2. */
    attempt: integer().notNull().default(0),
    /** Runs that count against the retry policy, and runs that were lost through no fault of the task. */
    countedFailures: integer("counted_failures").notNull().default(0),
    systemFailures: integer("system_failures").notNull().default(0),
    /** Class of the last failure that counted: what is claimed next is a retry. */
    retryClass: text("retry_class"),
    result: text({ mode: "json" }).$type<unknown>(),
    createdAt: integer("created_at").notNull(),
    finishedAt: integer("finished_at"),
  },
  (table) => [
    // The columns after the rank are only read: a task that may not run yet is passed over inside the index.
    index("tasks_ready")
      .on(table.lane, table.slotSize, table.rank, table.availableAt, table.retryClass, table.priority)
      .where(sql`state = 'ready'`),
    index("tasks_waiting")
      .on(table.lane, table.slotSize, table.priority, table.availableAt)
      .where(sql`state = 'ready'`),
    index("tasks_retrying").on(table.priority).where(sql`state = 'leased' AND retry_class IS NOT NULL`),
    index("tasks_leased").on(table.leaseUntil).where(sql`state = 'leased'`),
    index("tasks_lease_token").on(table.leaseToken).where(sql`state = 'leased'`),
    index("tasks_job").on(table.jobId),
  ],
);

/** `taskId` may run once `dependsOn` is done. */
export const taskDependencies = sqliteTable(
  "task_dependencies",
  {
    taskId: text("task_id").notNull(),
    dependsOn: text("depends_on").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.taskId, table.dependsOn] }),
    index("task_dependencies_on").on(table.dependsOn),
  ],
);

export const ATTEMPT_OUTCOMES = ["running", "done", "failed", "lost", "cancelled"] as const;
export type AttemptOutcome = (typeof ATTEMPT_OUTCOMES)[number];

/** One run of one task under one lease. */
export const attempts = sqliteTable(
  "attempts",
  {
    taskId: text("task_id").notNull(),
    number: integer().notNull(),
    jobId: text("job_id").notNull(),
    /** The run of the job that it belongs to. */
    run: integer().notNull().default(1),
    leaseToken: text("lease_token").notNull(),
    workerId: text("worker_id").notNull(),
    startedAt: integer("started_at").notNull(),
    finishedAt: integer("finished_at"),
    outcome: text({ enum: ATTEMPT_OUTCOMES }).notNull(),
    failure: text({ mode: "json" }).$type<FailureRecord>(),
    /** When the task may run again because of it; null when it may not. */
    retryAt: integer("retry_at"),
    /** The most memory that it was seen to hold, bytes; null when nobody could tell. */
    peakMemoryBytes: integer("peak_memory_bytes"),
    /** When its files were removed; only attempts that are not `done` are swept. */
    sweptAt: integer("swept_at"),
  },
  (table) => [
    primaryKey({ columns: [table.taskId, table.number] }),
    index("attempts_job").on(table.jobId),
    index("attempts_unswept").on(table.finishedAt).where(unsweptAttempts()),
  ],
);

/** How a stream is read; paths below `outputs/<job>/`. */
export interface StreamIndex {
  /** Names of the manifests, in the first folder of the tree; the first is the one to play. */
  manifests: string[];
  /**
   * By track, where its segments lie, in order: the number of the first one, from 1, and the folder that holds it as
   * `00001.m4s` and those that follow up to the next entry. The first folder also has `init.mp4`.
   */
  segments: Record<string, [firstNumber: number, folder: string][]>;
}

/** An output of a job that allows some to fail, and that did, in its present run. */
export const outputFailures = sqliteTable(
  "output_failures",
  {
    jobId: text("job_id").notNull(),
    name: text().notNull(),
    taskId: text("task_id").notNull(),
    failure: text({ mode: "json" }).$type<FailureRecord>().notNull(),
    createdAt: integer("created_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.jobId, table.name] })],
);

/** A run of a job that ended and was followed by another: what an explicit retry overwrites in the job's row. */
export const jobRuns = sqliteTable(
  "job_runs",
  {
    jobId: text("job_id").notNull(),
    number: integer().notNull(),
    status: text({ enum: JOB_STATUSES }).notNull(),
    error: text({ mode: "json" }).$type<FailureRecord>(),
    outputsFailed: text("outputs_failed", { mode: "json" })
      .$type<{ name: string; taskId: string; failure: FailureRecord; at: number }[]>()
      .notNull(),
    startedAt: integer("started_at"),
    finishedAt: integer("finished_at").notNull(),
    /** When the next run began. */
    retriedAt: integer("retried_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.jobId, table.number] })],
);

/** One failed or lost attempt as a dead letter keeps it. */
export interface LetterAttempt {
  taskId: string;
  kind: TaskKind;
  number: number;
  workerId: string;
  startedAt: number;
  finishedAt: number | null;
  peakMemoryBytes: number | null;
  failure: FailureRecord | null;
}

/**
 * A job that failed, with all that is needed to understand it and to ask for it again. Written in the batch of the
 * failure, and kept when the job's own rows are gone.
 */
export const deadLetters = sqliteTable(
  "dead_letters",
  {
    jobId: text("job_id").primaryKey(),
    owner: text().notNull(),
    mediaId: text("media_id").notNull(),
    kind: text({ enum: ["image", "video"] }).notNull(),
    priority: text({ enum: PRIORITIES }).notNull(),
    outputSpecifications: text("output_specifications", { mode: "json" }).$type<unknown[]>().notNull(),
    requestId: text("request_id").notNull(),
    /** Of the final failure, for filters. */
    class: text().notNull(),
    code: text().notNull(),
    error: text({ mode: "json" }).$type<FailureRecord>().notNull(),
    /** The attempts that failed or were lost, newest first, the last 50 of all runs. */
    history: text({ mode: "json" }).$type<LetterAttempt[]>().notNull(),
    /** The run of the job that failed last. */
    run: integer().notNull(),
    jobCreatedAt: integer("job_created_at").notNull(),
    failedAt: integer("failed_at").notNull(),
    notes: text().notNull().default(""),
    /** Null while nobody has dealt with it. */
    resolution: text({ enum: RESOLUTIONS }),
    resolvedAt: integer("resolved_at"),
  },
  (table) => [
    index("dead_letters_owner").on(table.owner, table.jobId),
    index("dead_letters_resolved").on(table.resolvedAt).where(sql`resolution IS NOT NULL`),
  ],
);

/** A queue's message that nobody could make sense of. */
export const deadMessages = sqliteTable("dead_messages", {
  /** The queue's own id of it. */
  id: text().primaryKey(),
  queue: text().notNull(),
  /** The first 1,000 characters of its body as JSON. */
  body: text().notNull(),
  reason: text().notNull(),
  receivedAt: integer("received_at").notNull(),
});

/** One file that a job promised. A stream is one output whose `objectKey` is its master playlist. */
export const outputs = sqliteTable(
  "outputs",
  {
    id: text().primaryKey(),
    jobId: text("job_id").notNull(),
    taskId: text("task_id").notNull(),
    name: text().notNull(),
    objectKey: text("object_key").notNull(),
    type: text().notNull(),
    bytes: integer().notNull(),
    sha256: text().notNull(),
    width: integer(),
    height: integer(),
    durationSeconds: real("duration_seconds"),
    /** Streams only: attempt folders below `outputs/<job>/`, first that of the playlists, then those of segments. */
    tree: text({ mode: "json" }).$type<string[]>(),
    /** Streams only. */
    stream: text({ mode: "json" }).$type<StreamIndex>(),
    createdAt: integer("created_at").notNull(),
  },
  (table) => [uniqueIndex("outputs_job_name").on(table.jobId, table.name)],
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

/**
 * The `Idempotency-Key` of a request that creates: first reserved, under a lease, then answered. Kept for 24 h from
 * its first use.
 */
export const idempotencyKeys = sqliteTable(
  "idempotency_keys",
  {
    owner: text().notNull(),
    key: text().notNull(),
    /** Of whoever works on the request, or has answered it. */
    token: text().notNull(),
    leaseUntil: integer("lease_until").notNull(),
    /** What the request asked for; known once it is answered. */
    fingerprint: text(),
    /** Encrypted (`idempotency/sealed-answer.ts`); absent while the request is worked on. */
    answer: text(),
    createdAt: integer("created_at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.owner, table.key] }),
    index("idempotency_keys_created").on(table.createdAt),
  ],
);

export const DESTINATION_KINDS = ["http", "s3"] as const;
export type DestinationKind = (typeof DESTINATION_KINDS)[number];

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

function unsweptAttempts(): SQL {
  return sql`swept_at IS NULL AND outcome IN ('failed', 'lost', 'cancelled')`;
}
