/** What became of deliveries that were claimed, written down. */
import { and, eq, exists, type SQL, sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import { type DrizzleD1Database, drizzle } from "drizzle-orm/d1";
import { batches, jobs } from "../schema/jobs.ts";
import { events, webhookAttempts, webhookDeliveries, webhookEndpoints } from "../schema/webhooks.ts";
import type { DeliveryAttemptRow, DeliveryRow } from "./deliveries.ts";

export interface Conclusion {
  delivery: DeliveryRow;
  /** Undefined: nothing was sent. */
  attempt: DeliveryAttemptRow | undefined;
  end: { state: "delivered" | "failed" | "discarded" } | { state: "waiting"; nextAtMs: number };
  /** It answered 410: its target wants no more of anything. */
  isGone: boolean;
}

/**
 * Writes attempts down and what follows from each, in one batch. A delivery whose lease was lost stays as it is.
 *
 * @returns the ids of those whose lease was held
 */
export async function concludeDeliveries(
  d1: D1Database,
  conclusions: readonly Conclusion[],
  nowMs: number,
): Promise<string[]> {
  const db = drizzle(d1);
  const [first, ...more] = conclusions.flatMap((each) => statementsOf(db, each, nowMs));
  if (!first) return [];
  const results: unknown[] = await db.batch([first, ...more]);
  const held = results.flatMap((rows) => (Array.isArray(rows) ? (rows as { id: string }[]) : []));
  const ours = new Set(held.map(({ id }) => id));
  for (const { delivery, isGone } of conclusions)
    if (isGone && ours.has(delivery.id)) await stopDeliveries(db, delivery, nowMs);
  return [...ours];
}

function statementsOf(
  db: DrizzleD1Database,
  { delivery, attempt, end }: Conclusion,
  nowMs: number,
): BatchItem<"sqlite">[] {
  const held = holdsLease(delivery);
  const conclude = db
    .update(webhookDeliveries)
    .set({
      state: end.state,
      leaseToken: null,
      url: delivery.url,
      nextAt: end.state === "waiting" ? end.nextAtMs : nowMs,
      endedAt: end.state === "waiting" ? null : nowMs,
    })
    .where(held)
    .returning({ id: webhookDeliveries.id });
  return attempt ? [recordAttempt(db, attempt, held), conclude] : [conclude];
}

function recordAttempt(db: DrizzleD1Database, attempt: DeliveryAttemptRow, held: SQL | undefined) {
  const { deliveryId, number, at, durationMs, status, error, response } = attempt;
  return db
    .insert(webhookAttempts)
    .select(
      sql`SELECT ${deliveryId}, ${number}, ${at}, ${durationMs}, ${status}, ${error}, ${response}
        WHERE ${exists(db.select({ one: sql`1` }).from(webhookDeliveries).where(held))}`,
    )
    .onConflictDoNothing();
}

function holdsLease(delivery: DeliveryRow): SQL | undefined {
  return and(
    eq(webhookDeliveries.id, delivery.id),
    sql`${webhookDeliveries.state} = 'sending'`,
    eq(webhookDeliveries.leaseToken, delivery.leaseToken ?? ""),
  );
}

/** After 410: the endpoint is disabled, or the job or batch forgets its URL, and what waits for it is discarded. */
async function stopDeliveries(db: DrizzleD1Database, delivery: DeliveryRow, nowMs: number): Promise<void> {
  const { endpointId, target, eventId } = delivery;
  const subject = sql`(SELECT e.subject_id FROM events AS e WHERE e.id = ${eventId})`;
  const ofSame = sql`event_id IN (SELECT e.id FROM ${events} AS e WHERE e.subject_id = ${subject})`;
  await db.batch([
    ...(endpointId === null
      ? ([
          db.update(jobs).set({ webhookUrl: null }).where(sql`${jobs.id} = ${subject}`),
          db.update(batches).set({ webhookUrl: null }).where(sql`${batches.id} = ${subject}`),
        ] as const)
      : ([
          db
            .update(webhookEndpoints)
            .set({ enabled: false, disabledReason: "gone", updatedAt: nowMs })
            .where(and(eq(webhookEndpoints.id, endpointId), eq(webhookEndpoints.url, delivery.url))),
        ] as const)),
    db
      .update(webhookDeliveries)
      .set({ state: "discarded", endedAt: nowMs })
      .where(
        and(
          eq(webhookDeliveries.target, target),
          endpointId === null ? ofSame : undefined,
          sql`${webhookDeliveries.state} = 'waiting'`,
        ),
      ),
  ]);
}
