/** What became of deliveries, for their owner to read, and to ask for again. */
import { and, desc, eq, inArray, isNull, lt, type SQL, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { isId } from "../id.ts";
import { type DeliveryState, events, webhookAttempts, webhookDeliveries } from "../schema/webhooks.ts";
import type { DeliveryAttemptRow, DeliveryRow } from "./deliveries.ts";
import { newDelivery } from "./dispatch.ts";
import type { EventRow } from "./event.ts";

export interface LoggedDelivery {
  delivery: DeliveryRow;
  /** Oldest first. */
  attempts: DeliveryAttemptRow[];
}

export interface LogFilter {
  endpointId?: string;
  jobId?: string;
  /** A batch: what is about itself, not about its jobs. */
  batchId?: string;
  state?: DeliveryState;
  /** Id of the last delivery of the page before. */
  cursor?: string;
  limit: number;
}

/** Deliveries of an owner, newest first, each with its attempts. */
export async function listDeliveries(
  d1: D1Database,
  owner: string,
  filter: LogFilter,
): Promise<LoggedDelivery[]> {
  const conditions = [
    filter.endpointId === undefined ? undefined : eq(webhookDeliveries.endpointId, filter.endpointId),
    filter.jobId === undefined ? undefined : eq(webhookDeliveries.jobId, filter.jobId),
    filter.batchId === undefined ? undefined : isAbout(filter.batchId),
    filter.state && eq(webhookDeliveries.state, filter.state),
    filter.cursor === undefined ? undefined : lt(webhookDeliveries.id, filter.cursor),
  ];
  return await readLog(d1, and(eq(webhookDeliveries.owner, owner), ...conditions), filter.limit);
}

/** Where a delivery is looked for. */
export type DeliveryPlace = { endpointId: string } | { subjectId: string };

/**
 * One delivery of an owner in a place, by its own id or by that of its event, which is all that its receiver knows of it:
 * in an endpoint's log there is one of each event, and of what is about a job or batch the one to its own URL is meant.
 */
export async function findDelivery(
  d1: D1Database,
  owner: string,
  place: DeliveryPlace,
  id: string,
): Promise<LoggedDelivery | undefined> {
  const isIt = isId("event", id)
    ? and(
        eq(webhookDeliveries.eventId, id),
        "subjectId" in place ? isNull(webhookDeliveries.endpointId) : undefined,
      )
    : eq(webhookDeliveries.id, id);
  const isThere =
    "subjectId" in place ? isAbout(place.subjectId) : eq(webhookDeliveries.endpointId, place.endpointId);
  const [found] = await readLog(d1, and(eq(webhookDeliveries.owner, owner), isThere, isIt), 1);
  return found;
}

function isAbout(subjectId: string): SQL {
  return sql`event_id IN (SELECT e.id FROM ${events} AS e WHERE e.subject_id = ${subjectId})`;
}

async function readLog(d1: D1Database, condition: SQL | undefined, limit: number): Promise<LoggedDelivery[]> {
  const db = drizzle(d1);
  const deliveries = await db
    .select()
    .from(webhookDeliveries)
    .where(condition)
    .orderBy(desc(webhookDeliveries.id))
    .limit(limit);
  const ids = JSON.stringify(deliveries.map((delivery) => delivery.id));
  const attempts = await db
    .select()
    .from(webhookAttempts)
    .where(inArray(webhookAttempts.deliveryId, sql`(SELECT value FROM json_each(${ids}))`))
    .orderBy(webhookAttempts.number);
  return deliveries.map((delivery) => ({
    delivery,
    attempts: attempts.filter((attempt) => attempt.deliveryId === delivery.id),
  }));
}

/**
 * Puts a delivery that ended back to where it began, with its whole schedule before it and the same event id.
 * `undefined`: it is still under way, or there is none.
 */
export async function redeliver(
  d1: D1Database,
  owner: string,
  id: string,
  nowMs: number,
): Promise<DeliveryRow | undefined> {
  return await drizzle(d1)
    .update(webhookDeliveries)
    .set({ state: "waiting", scheduled: 0, nextAt: nowMs, endedAt: null, leaseToken: null })
    .where(
      and(
        eq(webhookDeliveries.id, id),
        eq(webhookDeliveries.owner, owner),
        sql`${webhookDeliveries.state} IN ('delivered', 'failed', 'discarded')`,
      ),
    )
    .returning()
    .get();
}

/** Writes an event down that goes to one endpoint only. */
export async function addToLog(
  d1: D1Database,
  event: EventRow,
  to: Pick<DeliveryRow, "endpointId" | "url">,
  nowMs: number,
): Promise<DeliveryRow> {
  const db = drizzle(d1);
  const delivery = newDelivery(event, to, nowMs);
  await db.batch([db.insert(events).values(event), db.insert(webhookDeliveries).values(delivery)]);
  return delivery;
}
