/** The deliveries in D1: one row for each event and place, claimed under a lease like a task. */
import { and, asc, desc, eq, type InferSelectModel, inArray, lt, lte, sql } from "drizzle-orm";
import { type DrizzleD1Database, drizzle } from "drizzle-orm/d1";
import { LIMITS } from "../config.ts";
import {
  events,
  type webhookAttempts,
  webhookDeliveries,
  webhookEndpoints,
  webhookSecrets,
} from "../schema/webhooks.ts";
import type { EventRow } from "./event.ts";

export type DeliveryRow = InferSelectModel<typeof webhookDeliveries>;
export type DeliveryAttemptRow = InferSelectModel<typeof webhookAttempts>;

export interface ClaimedDelivery {
  delivery: DeliveryRow;
  event: EventRow;
  /** Whether its endpoint still takes deliveries; a job's own URL does while the job names it. */
  isWanted: boolean;
  /** What signs it, newest first; of an owner's default there may be none yet. */
  secrets: readonly string[];
}

/** The literal states let SQLite use the partial indexes. A lease that ran out is due again: its sender is gone. */
const UNDER_WAY = sql`state IN ('waiting', 'sending')`;

/**
 * Leases those deliveries of a target that are due longest, in one batch: whatever queue messages arrive twice, a
 * delivery is in one sender's hands at a time. All that sending them takes is read along: a target is one endpoint, or
 * one owner's URLs, so that all of them have the same secrets. Empty: nothing is due.
 *
 * @param token fresh and unguessable
 */
export async function claimDeliveries(
  d1: D1Database,
  target: string,
  token: string,
  limit: number,
  nowMs: number,
): Promise<ClaimedDelivery[]> {
  const db = drizzle(d1);
  const own = (column: "event_id" | "endpoint_id" | "owner") =>
    sql`(SELECT ${sql.raw(column)} FROM webhook_deliveries WHERE lease_token = ${token} AND ${UNDER_WAY} AND target = ${target})`;
  const [leased, found, [endpoint], secrets] = await db.batch([
    leaseLongestDue(db, target, token, limit, nowMs),
    db
      .select()
      .from(events)
      .where(inArray(events.id, own("event_id"))),
    db
      .select({ enabled: webhookEndpoints.enabled, url: webhookEndpoints.url })
      .from(webhookEndpoints)
      .where(inArray(webhookEndpoints.id, own("endpoint_id"))),
    db
      .select({ secret: webhookSecrets.secret })
      .from(webhookSecrets)
      .where(
        sql`owner IN ${own("owner")} AND endpoint_id IS ${own("endpoint_id")}
          AND (expires_at IS NULL OR expires_at > ${nowMs})`,
      )
      .orderBy(desc(webhookSecrets.id)),
  ]);
  const eventOf = new Map(found.map((event) => [event.id, event]));
  return leased.flatMap((delivery) => {
    const event = eventOf.get(delivery.eventId);
    if (!event) return [];
    const signing = { event, secrets: secrets.map((row) => row.secret) };
    if (delivery.endpointId === null) return [{ ...signing, delivery, isWanted: true }];
    // What waits for an endpoint goes where the endpoint is now: its owner may have corrected the URL.
    const url = endpoint?.url ?? delivery.url;
    return [{ ...signing, delivery: { ...delivery, url }, isWanted: endpoint?.enabled ?? false }];
  });
}

function leaseLongestDue(db: DrizzleD1Database, target: string, token: string, limit: number, nowMs: number) {
  const due = db
    .select({ id: webhookDeliveries.id })
    .from(webhookDeliveries)
    .where(and(eq(webhookDeliveries.target, target), UNDER_WAY, lte(webhookDeliveries.nextAt, nowMs)))
    .orderBy(asc(webhookDeliveries.nextAt))
    .limit(limit);
  return db
    .update(webhookDeliveries)
    .set({
      state: "sending",
      leaseToken: token,
      nextAt: nowMs + LIMITS.deliveryLeaseMs,
      attempts: sql`attempts + 1`,
      scheduled: sql`scheduled + 1`,
    })
    .where(inArray(webhookDeliveries.id, due))
    .returning();
}

/** When a target's next delivery is due; undefined when it has none. */
export async function nextDueAt(d1: D1Database, target: string): Promise<number | undefined> {
  const [row] = await drizzle(d1)
    .select({ atMs: sql<number | null>`min(next_at)` })
    .from(webhookDeliveries)
    .where(and(eq(webhookDeliveries.target, target), UNDER_WAY));
  return row?.atMs ?? undefined;
}

/**
 * Targets with deliveries that have been due since before a time: their ticket may have been lost. Of more than `limit` it
 * is chance which, so that none is for ever behind the same dead ones.
 */
export async function overdueTargets(d1: D1Database, beforeMs: number, limit: number): Promise<string[]> {
  const rows = await drizzle(d1)
    .select({ target: webhookDeliveries.target })
    .from(webhookDeliveries)
    .where(and(UNDER_WAY, lt(webhookDeliveries.nextAt, beforeMs)))
    .groupBy(webhookDeliveries.target)
    .orderBy(sql`random()`)
    .limit(limit);
  return rows.map((row) => row.target);
}
