import { and, isNull, lt, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { DeliveryTicket, Env } from "../config.ts";
import { newId } from "../id.ts";
import { log } from "../log.ts";
import { DEFAULT_PROGRESS_STEP, events, webhookDeliveries, webhookEndpoints } from "../schema/webhooks.ts";
import type { DeliveryRow } from "./deliveries.ts";
import type { EndpointRow } from "./endpoints.ts";
import type { EventRow } from "./event.ts";

/**
 * Sends what was written down about these subjects on its way. Never throws: what does not get out now is found by
 * the sweep, and the work that is told of is done either way.
 */
export async function dispatchEvents(env: Env, subjectIds: readonly string[], nowMs: number): Promise<void> {
  try {
    await dispatch(env, await undispatchedOf(env.DB, subjectIds), nowMs);
  } catch (error) {
    log("warn", "webhooks", "dispatch_failed", { subject_id: subjectIds[0], detail: String(error) });
  }
}

/** As {@link dispatchEvents}, for whatever was left behind before a time. Returns how many events it were. */
export async function dispatchLeftovers(
  env: Env,
  beforeMs: number,
  limit: number,
  nowMs: number,
): Promise<number> {
  const left = await drizzle(env.DB)
    .select()
    .from(events)
    .where(and(isNull(events.dispatchedAt), lt(events.createdAt, beforeMs)))
    .limit(limit);
  await dispatch(env, left, nowMs);
  return left.length;
}

async function undispatchedOf(d1: D1Database, subjectIds: readonly string[]): Promise<EventRow[]> {
  return await drizzle(d1)
    .select()
    .from(events)
    .where(
      and(
        isNull(events.dispatchedAt),
        // With a job its batch may have moved on.
        sql`subject_id IN (SELECT value FROM json_each(${JSON.stringify(subjectIds)})
          UNION SELECT j.batch_id FROM jobs AS j WHERE j.id IN (SELECT value FROM json_each(${JSON.stringify(subjectIds)}))
            AND j.batch_id IS NOT NULL)`,
      ),
    );
}

/** Events whose deliveries are written in one batch. */
const EVENTS_A_BATCH = 50;

async function dispatch(env: Env, rows: readonly EventRow[], nowMs: number): Promise<void> {
  const targets: string[] = [];
  for (let at = 0; at < rows.length; at += EVENTS_A_BATCH) {
    targets.push(...(await addDeliveries(env.DB, rows.slice(at, at + EVENTS_A_BATCH), nowMs)));
  }
  await sendDeliveryTickets(env, targets);
}

/** Rows of deliveries that fit into the 100 parameters that D1 allows a statement. */
const ROWS_A_STATEMENT = 6;

/** Deliveries and the mark that they exist are one batch; doing it twice adds none: an event goes to a place once. */
async function addDeliveries(d1: D1Database, rows: readonly EventRow[], nowMs: number): Promise<string[]> {
  const db = drizzle(d1);
  const owners = JSON.stringify([...new Set(rows.map((event) => event.owner))]);
  const endpoints = await db
    .select()
    .from(webhookEndpoints)
    .where(and(sql`owner IN (SELECT value FROM json_each(${owners}))`, webhookEndpoints.enabled));
  const deliveries = rows.flatMap((event) => deliveriesOf(event, endpoints, nowMs));
  const inserts = [];
  for (let at = 0; at < deliveries.length; at += ROWS_A_STATEMENT) {
    const some = deliveries.slice(at, at + ROWS_A_STATEMENT);
    inserts.push(db.insert(webhookDeliveries).values(some).onConflictDoNothing());
  }
  const ids = JSON.stringify(rows.map((event) => event.id));
  const mark = db
    .update(events)
    .set({ dispatchedAt: nowMs })
    .where(sql`id IN (SELECT value FROM json_each(${ids}))`);
  await db.batch([mark, ...inserts]);
  return deliveries.map((delivery) => delivery.target);
}

function deliveriesOf(event: EventRow, endpoints: readonly EndpointRow[], nowMs: number): DeliveryRow[] {
  const registered = endpoints
    .filter((endpoint) => endpoint.owner === event.owner && wants(endpoint, event))
    .map((endpoint) => newDelivery(event, { endpointId: endpoint.id, url: endpoint.url }, nowMs));
  const isOwnDue = event.type !== "job.progress" || crosses(event, DEFAULT_PROGRESS_STEP);
  if (event.webhookUrl === null || !isOwnDue) return registered;
  return [...registered, newDelivery(event, { endpointId: null, url: event.webhookUrl }, nowMs)];
}

export function newDelivery(
  event: EventRow,
  to: Pick<DeliveryRow, "endpointId" | "url">,
  nowMs: number,
): DeliveryRow {
  return {
    id: newId("delivery", nowMs),
    owner: event.owner,
    eventId: event.id,
    eventType: event.type,
    jobId: event.jobId,
    ...to,
    // One host that is down must not hold up an owner's other URLs, and one owner's not another's.
    target: to.endpointId ?? `${event.owner}@${new URL(to.url).origin}`,
    state: "waiting",
    attempts: 0,
    scheduled: 0,
    nextAt: nowMs,
    leaseToken: null,
    createdAt: nowMs,
    endedAt: null,
  };
}

function wants(endpoint: EndpointRow, event: EventRow): boolean {
  if (!endpoint.events.includes("*") && !endpoint.events.includes(event.type)) return false;
  return event.type !== "job.progress" || crosses(event, endpoint.progressStep);
}

/** Whether a milestone of this many percentage points lies between the last event and this one. */
function crosses(event: EventRow, step: number): boolean {
  const { detail } = event.snapshot as { detail?: { before: number; progress_percentage: number } };
  if (!detail) return false;
  return Math.floor(detail.progress_percentage / step) > Math.floor(detail.before / step);
}

/** Queues take at most this many messages a batch. */
const MAX_BATCH = 100;

/** Says once for each target that there are deliveries for it. One that is lost costs only time: the sweep repeats it. */
export async function sendDeliveryTickets(env: Env, targets: readonly string[]): Promise<void> {
  const tickets = [...new Set(targets)].map((target): { body: DeliveryTicket } => ({ body: { target } }));
  for (let sent = 0; sent < tickets.length; sent += MAX_BATCH) {
    await env.WEBHOOK_QUEUE.sendBatch(tickets.slice(sent, sent + MAX_BATCH));
  }
}
