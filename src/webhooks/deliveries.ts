/** The deliveries in D1: one row for each event and place, claimed under a lease like a task. */
import {
  and,
  asc,
  desc,
  eq,
  exists,
  type InferSelectModel,
  inArray,
  lt,
  lte,
  type SQL,
  sql,
} from "drizzle-orm";
import { type DrizzleD1Database, drizzle } from "drizzle-orm/d1";
import { LIMITS } from "../config.ts";
import { jobs } from "../schema/jobs.ts";
import {
  events,
  webhookAttempts,
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
 * Leases the delivery of a target that is due longest, in one batch: whatever queue messages arrive twice, a delivery
 * is in one sender's hands at a time. All that sending it takes is read along. `undefined`: nothing is due.
 */
export async function claimDelivery(
  d1: D1Database,
  target: string,
  token: string,
  nowMs: number,
): Promise<ClaimedDelivery | undefined> {
  const db = drizzle(d1);
  const own = (column: "event_id" | "endpoint_id" | "owner") =>
    sql`(SELECT ${sql.raw(column)} FROM webhook_deliveries WHERE lease_token = ${token} AND ${UNDER_WAY} AND target = ${target})`;
  const [[delivery], [event], [endpoint], secrets] = await db.batch([
    leaseLongestDue(db, target, token, nowMs),
    db
      .select()
      .from(events)
      .where(eq(events.id, own("event_id"))),
    db
      .select({ enabled: webhookEndpoints.enabled, url: webhookEndpoints.url })
      .from(webhookEndpoints)
      .where(eq(webhookEndpoints.id, own("endpoint_id"))),
    db
      .select({ secret: webhookSecrets.secret })
      .from(webhookSecrets)
      .where(
        sql`owner = ${own("owner")} AND endpoint_id IS ${own("endpoint_id")}
          AND (expires_at IS NULL OR expires_at > ${nowMs})`,
      )
      .orderBy(desc(webhookSecrets.id)),
  ]);
  if (!delivery || !event) return undefined;
  const signing = { event, secrets: secrets.map((row) => row.secret) };
  if (delivery.endpointId === null) return { ...signing, delivery, isWanted: true };
  // What waits for an endpoint goes where the endpoint is now: its owner may have corrected the URL.
  const url = endpoint?.url ?? delivery.url;
  return { ...signing, delivery: { ...delivery, url }, isWanted: endpoint?.enabled ?? false };
}

function leaseLongestDue(db: DrizzleD1Database, target: string, token: string, nowMs: number) {
  const due = db
    .select({ id: webhookDeliveries.id })
    .from(webhookDeliveries)
    .where(and(eq(webhookDeliveries.target, target), UNDER_WAY, lte(webhookDeliveries.nextAt, nowMs)))
    .orderBy(asc(webhookDeliveries.nextAt))
    .limit(1);
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

export type DeliveryEnd =
  | { state: "delivered" | "failed" | "discarded" }
  | { state: "waiting"; nextAtMs: number };

/** Writes an attempt down and what follows from it, unless the lease was lost: then `false`, and nothing changes. */
export async function concludeDelivery(
  d1: D1Database,
  delivery: DeliveryRow,
  attempt: DeliveryAttemptRow | undefined,
  end: DeliveryEnd,
  nowMs: number,
): Promise<boolean> {
  const db = drizzle(d1);
  const held = holdsLease(delivery);
  const ended = end.state === "waiting" ? null : nowMs;
  const [, concluded] = await db.batch([
    db
      .insert(webhookAttempts)
      .select(
        sql`SELECT ${delivery.id}, ${attempt?.number ?? 0}, ${attempt?.at ?? 0}, ${attempt?.durationMs ?? 0},
          ${attempt?.status ?? null}, ${attempt?.error ?? null}, ${attempt?.response ?? null}
        WHERE ${attempt ? 1 : 0} AND ${exists(db.select({ one: sql`1` }).from(webhookDeliveries).where(held))}`,
      )
      .onConflictDoNothing(),
    db
      .update(webhookDeliveries)
      .set({
        state: end.state,
        leaseToken: null,
        url: delivery.url,
        nextAt: end.state === "waiting" ? end.nextAtMs : nowMs,
        endedAt: ended,
      })
      .where(held)
      .returning({ id: webhookDeliveries.id }),
  ]);
  return concluded.length === 1;
}

function holdsLease(delivery: DeliveryRow): SQL | undefined {
  return and(
    eq(webhookDeliveries.id, delivery.id),
    sql`${webhookDeliveries.state} = 'sending'`,
    eq(webhookDeliveries.leaseToken, delivery.leaseToken ?? ""),
  );
}

/** After 410: the endpoint is disabled, or the job forgets its URL, and what waits for it is discarded. */
export async function stopDeliveries(d1: D1Database, delivery: DeliveryRow, nowMs: number): Promise<void> {
  const db = drizzle(d1);
  const { endpointId, jobId } = delivery;
  const ofSame = and(
    eq(webhookDeliveries.target, delivery.target),
    endpointId === null ? eq(webhookDeliveries.jobId, jobId ?? "") : undefined,
  );
  const disable =
    endpointId === null
      ? db
          .update(jobs)
          .set({ webhookUrl: null })
          .where(eq(jobs.id, jobId ?? ""))
      : db
          .update(webhookEndpoints)
          .set({ enabled: false, disabledReason: "gone", updatedAt: nowMs })
          .where(and(eq(webhookEndpoints.id, endpointId), eq(webhookEndpoints.url, delivery.url)));
  await db.batch([
    disable,
    db
      .update(webhookDeliveries)
      .set({ state: "discarded", endedAt: nowMs })
      .where(and(ofSame, sql`${webhookDeliveries.state} = 'waiting'`)),
  ]);
}

/** When a target's next delivery is due; undefined when it has none. */
export async function nextDueAt(d1: D1Database, target: string): Promise<number | undefined> {
  const [row] = await drizzle(d1)
    .select({ atMs: sql<number | null>`min(next_at)` })
    .from(webhookDeliveries)
    .where(and(eq(webhookDeliveries.target, target), UNDER_WAY));
  return row?.atMs ?? undefined;
}

/** Targets with deliveries that have been due since before a time: their ticket may have been lost. */
export async function overdueTargets(d1: D1Database, beforeMs: number, limit: number): Promise<string[]> {
  const rows = await drizzle(d1)
    .selectDistinct({ target: webhookDeliveries.target })
    .from(webhookDeliveries)
    .where(and(UNDER_WAY, lt(webhookDeliveries.nextAt, beforeMs)))
    .limit(limit);
  return rows.map((row) => row.target);
}
