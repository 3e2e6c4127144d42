/**
 * Events are written down by whoever causes them, as one more statement of the batch that changes the state: there is
 * no transition that is not told, and nothing is told that did not happen. The statements stand beside the schema,
 * below `jobs/` and `media/`, which both need them and must not know the webhooks that read them.
 *
 * An event that nobody asked for is not written: a service without webhooks pays one lookup in an empty table.
 */
import { is, SQL, sql } from "drizzle-orm";
import type { DrizzleD1Database } from "drizzle-orm/d1";
import { newId } from "./id.ts";
import { type EventType, events } from "./schema/webhooks.ts";

export interface JobEvent {
  type: Extract<EventType, `job.${string}`>;
  /**
   * Which job, and only while the transition holds: a condition on `j`, the row of the job as the statements before
   * this one left it. Where the transition did not take place it must be false.
   */
  where: SQL;
  /** Names the transition within its job and type, such as the time of the end: written twice, it is one event. */
  cause: SQL;
  /** What the rows do not say; an expression over `j` that is JSON, where the row as it was before belongs to it. */
  detail?: Record<string, unknown> | SQL;
  /** Where one statement tells of several jobs: an expression over `j` that gives each event its own id. */
  eventId?: SQL;
  nowMs: number;
}

/** The statement that writes an event of a job, and changes nothing else; zero rows: nobody asked for it, or it is there. */
export function recordJobEvent(db: DrizzleD1Database, event: JobEvent) {
  return db
    .insert(events)
    .select(
      sql`SELECT ${event.eventId ?? newId("event", event.nowMs)}, j.owner, ${event.type}, j.id, j.id,
        j.id || ':' || ${event.type} || ':' || ${event.cause}, ${nextSequence(sql`j.id`)},
        j.request_id, j.traceparent, ${jobSnapshot(detailOf(event))}, j.webhook_url, ${event.nowMs}, NULL
      FROM jobs AS j WHERE ${event.where}
        AND (j.webhook_url IS NOT NULL OR ${isListenedTo(sql`j.owner`, event.type)})`,
    )
    .onConflictDoNothing()
    .returning({ sequence: events.sequence });
}

function detailOf({ detail }: JobEvent): SQL {
  if (detail === undefined) return sql`NULL`;
  return is(detail, SQL) ? detail : sql`json(${JSON.stringify(detail)})`;
}

/** The statement that writes `media.ready` of a media that has become so, while `guard` holds; zero rows: nobody asked. */
export function recordMediaReady(
  db: DrizzleD1Database,
  mediaId: string,
  requestId: string,
  guard: SQL,
  nowMs: number,
) {
  const type: EventType = "media.ready";
  return db
    .insert(events)
    .select(
      sql`SELECT ${newId("event", nowMs)}, m.owner, ${type}, m.id, NULL,
        m.id || ':' || ${type} || ':' || m.version, ${nextSequence(sql`m.id`)},
        ${requestId}, NULL, ${MEDIA_SNAPSHOT}, NULL, ${nowMs}, NULL
      FROM media AS m WHERE m.id = ${mediaId} AND m.status = 'ready' AND ${guard}
        AND ${isListenedTo(sql`m.owner`, type)}`,
    )
    .onConflictDoNothing()
    .returning({ sequence: events.sequence });
}

/**
 * The statement that writes `batch.completed` or `batch.failed` of a batch that ended at `nowMs`, by the statements
 * before it. `batchId` is an expression.
 */
export function recordBatchEnd(db: DrizzleD1Database, batchId: SQL, nowMs: number) {
  const type = sql`CASE WHEN b.status IN ('completed', 'partial') THEN 'batch.completed' ELSE 'batch.failed' END`;
  return recordBatchEvent(db, {
    type,
    cause: sql`b.finished_at`,
    where: sql`b.id = ${batchId} AND b.finished_at = ${nowMs}`,
    nowMs,
  });
}

/** The statement that writes `batch.progress` of a batch that has passed another quarter and has not ended. */
export function recordBatchProgress(db: DrizzleD1Database, batchId: SQL, nowMs: number) {
  const quarter = sql`CAST(${BATCH_PROGRESS} / 25 AS INTEGER)`;
  return recordBatchEvent(db, {
    type: sql`'batch.progress'`,
    cause: sql`b.run || '@' || (${quarter} * 25)`,
    where: sql`b.id = ${batchId} AND b.finished_at IS NULL AND ${quarter} BETWEEN 1 AND 3`,
    nowMs,
  });
}

/** Of each batch, type and cause there is one event, however often it is written. */
function recordBatchEvent(
  db: DrizzleD1Database,
  event: { type: SQL; cause: SQL; where: SQL; nowMs: number },
) {
  return db
    .insert(events)
    .select(
      sql`SELECT ${newId("event", event.nowMs)}, b.owner, ${event.type}, b.id, NULL,
        b.id || ':' || (${event.type}) || ':' || (${event.cause}), ${nextSequence(sql`b.id`)},
        b.request_id, b.traceparent, ${BATCH_SNAPSHOT}, b.webhook_url, ${event.nowMs}, NULL
      FROM batches AS b WHERE ${event.where}
        AND (b.webhook_url IS NOT NULL OR ${isListenedTo(sql`b.owner`, event.type)})`,
    )
    .onConflictDoNothing();
}

/** The statement that writes `media.rejected` of the media of a job whose present run found it to be bad. */
export function recordMediaRejected(db: DrizzleD1Database, jobId: string, guard: SQL, nowMs: number) {
  const type: EventType = "media.rejected";
  return db
    .insert(events)
    .select(
      sql`SELECT ${newId("event", nowMs)}, m.owner, ${type}, m.id, NULL,
        m.id || ':' || ${type} || ':' || j.id || ':' || j.run, ${nextSequence(sql`m.id`)},
        j.request_id, j.traceparent, ${MEDIA_SNAPSHOT}, NULL, ${nowMs}, NULL
      FROM jobs AS j JOIN media AS m ON m.id = j.media_id
      WHERE j.id = ${jobId} AND m.status = 'rejected' AND ${guard} AND ${isListenedTo(sql`m.owner`, type)}`,
    )
    .onConflictDoNothing();
}

/** The statement that writes `upload.expired` of an upload that is still there: it goes before its row does. */
export function recordUploadExpired(db: DrizzleD1Database, uploadId: string, nowMs: number) {
  const type: EventType = "upload.expired";
  return db
    .insert(events)
    .select(
      sql`SELECT ${newId("event", nowMs)}, u.owner, ${type}, u.id, NULL, u.id || ':' || ${type}, 1,
        ${newId("request", nowMs)}, NULL, json_object('upload_id', u.id, 'created_at', u.created_at),
        NULL, ${nowMs}, NULL
      FROM uploads AS u WHERE u.id = ${uploadId} AND ${isListenedTo(sql`u.owner`, type)}`,
    )
    .onConflictDoNothing();
}

function isListenedTo(owner: SQL, type: EventType | SQL): SQL {
  return sql`EXISTS (SELECT 1 FROM webhook_endpoints AS w WHERE w.owner = ${owner} AND w.enabled
    AND EXISTS (SELECT 1 FROM json_each(w.events) WHERE value IN ('*', ${type})))`;
}

function nextSequence(subject: SQL): SQL {
  return sql`(SELECT coalesce(max(e.sequence), 0) + 1 FROM events AS e WHERE e.subject_id = ${subject})`;
}

/** The private words of a failure stay here. */
function jobSnapshot(detail: SQL): SQL {
  return sql`json_object('job_id', j.id, 'media_id', j.media_id, 'kind', j.kind, 'status', j.status, 'run', j.run,
    'priority', j.priority, 'progress_percentage', j.progress_percentage, 'current_stage', j.current_stage,
    'created_at', j.created_at, 'started_at', j.started_at, 'finished_at', j.finished_at,
    'notes', json(j.notes), 'error', json(json_remove(j.error, '$.detail')), 'detail', ${detail},
    'outputs', (SELECT json_group_array(json_object('name', o.name, 'type', o.type, 'bytes', o.bytes,
      'width', o.width, 'height', o.height, 'duration', o.duration_seconds, 'sha256', o.sha256,
      'is_stream', o.tree IS NOT NULL,
      'manifest', json_extract(o.stream, '$.manifests[0]'))) FROM outputs AS o WHERE o.job_id = j.id),
    'outputs_failed', (SELECT json_group_array(json_object('name', f.name, 'error',
      json(json_remove(f.failure, '$.detail')))) FROM output_failures AS f WHERE f.job_id = j.id))`;
}

const MEDIA_SNAPSHOT = sql`json_object('media_id', m.id, 'kind', m.kind, 'type', m.type, 'filename', m.filename,
  'bytes', m.size_bytes, 'sha256', m.sha256, 'created_at', m.created_at,
  'rejection', json_extract(m.metadata, '$.rejection'))`;

/** Percentage of a batch: the mean of its jobs, each weighted by how long it was expected to take. */
export const BATCH_PROGRESS = sql`(SELECT coalesce(round(sum(max(1, p.estimated_duration_ms)
    * CASE WHEN p.finished_at IS NULL THEN p.progress_percentage ELSE 100.0 END)
  / sum(max(1, p.estimated_duration_ms)), 1), 100.0) FROM jobs AS p WHERE p.batch_id = b.id)`;

/** How many jobs of a batch there are in each state. */
export const BATCH_COUNTS = sql`(SELECT json_object('total', count(*), 'pending', total(p.status = 'pending'),
    'processing', total(p.status = 'processing'), 'completed', total(p.status = 'completed'),
    'failed', total(p.status = 'failed'), 'cancelled', total(p.status = 'cancelled'))
  FROM jobs AS p WHERE p.batch_id = b.id)`;

const BATCH_SNAPSHOT = sql`json_object('batch_id', b.id, 'status', coalesce(b.status, 'processing'), 'run', b.run,
  'on_item_failure', b.on_item_failure, 'progress_percentage', ${BATCH_PROGRESS}, 'counts', json(${BATCH_COUNTS}),
  'created_at', b.created_at, 'finished_at', b.finished_at)`;
