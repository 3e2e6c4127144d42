import { and, asc, lt, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { type Env, LIMITS } from "../config.ts";
import { events, webhookAttempts, webhookDeliveries } from "../schema/webhooks.ts";
import { overdueTargets } from "./deliveries.ts";
import { dispatchLeftovers, sendDeliveryTickets } from "./dispatch.ts";
import { deleteExpiredSecrets } from "./secrets.ts";

/** Leaves what was just written to whoever wrote it. */
const LEFT_BEHIND_MS = 5_000;
/** A crash in a burst leaves many; they are written fifty a batch. */
const EVENTS_A_SWEEP = 100;
/** Those that are down stay overdue, and must not take the place of one whose ticket was lost. */
const TARGETS_A_SWEEP = 1_000;

/** Makes good what a lost message or a crash left: events without deliveries, deliveries that nobody sends. */
export async function reissueDeliveries(env: Env, nowMs: number): Promise<number> {
  const dispatched = await dispatchLeftovers(env, nowMs - LEFT_BEHIND_MS, EVENTS_A_SWEEP, nowMs);
  const targets = await overdueTargets(env.DB, nowMs - LEFT_BEHIND_MS, TARGETS_A_SWEEP);
  await sendDeliveryTickets(env, targets);
  return dispatched + targets.length;
}

/** Forgets deliveries 30 days after they were asked for, some at a time. Returns how many. */
export async function forgetDeliveries(env: Env, nowMs: number, limit: number): Promise<number> {
  const db = drizzle(env.DB);
  const beforeMs = nowMs - LIMITS.deliveryKeptMs;
  const old = db
    .select({ id: webhookDeliveries.id })
    .from(webhookDeliveries)
    .where(lt(webhookDeliveries.createdAt, beforeMs))
    .orderBy(asc(webhookDeliveries.createdAt))
    .limit(limit);
  const unused = sql`NOT EXISTS (SELECT 1 FROM webhook_deliveries AS d WHERE d.event_id = ${events.id})`;
  const oldEvents = db
    .select({ id: events.id })
    .from(events)
    .where(and(lt(events.createdAt, beforeMs), unused))
    .orderBy(asc(events.createdAt))
    .limit(limit);
  const [, forgotten] = await db.batch([
    db.delete(webhookAttempts).where(sql`${webhookAttempts.deliveryId} IN ${old}`),
    db.delete(webhookDeliveries).where(sql`${webhookDeliveries.id} IN ${old}`).returning({
      id: webhookDeliveries.id,
    }),
    db.delete(events).where(sql`${events.id} IN ${oldEvents}`),
  ]);
  await deleteExpiredSecrets(env.DB, nowMs);
  return forgotten.length;
}
