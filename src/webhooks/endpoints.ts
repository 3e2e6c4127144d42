/** The registered endpoints in D1. */
import { and, desc, eq, type InferSelectModel, lt, type SQL, sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import { drizzle } from "drizzle-orm/d1";
import { webhookEndpoints, webhookSecrets } from "../schema/webhooks.ts";
import type { SecretRow } from "./secrets.ts";

export type EndpointRow = InferSelectModel<typeof webhookEndpoints>;

/**
 * Registers an endpoint with its first secret, unless its owner has `most` by then. Writing and counting are one
 * transaction, so however many are registered at once, no more get in.
 *
 * @param alongside more statements of the same batch, which must be guarded by {@link isEndpointThere}
 * @returns `false` when there was no room; nothing was written
 */
export async function createEndpoint(
  d1: D1Database,
  row: EndpointRow,
  secret: SecretRow,
  most: number,
  alongside: readonly BatchItem<"sqlite">[] = [],
): Promise<boolean> {
  const db = drizzle(d1);
  const ofOwner = sql`(SELECT count(*) FROM webhook_endpoints AS e WHERE e.owner = ${row.owner})`;
  const [, refused] = await db.batch([
    db.insert(webhookEndpoints).values(row),
    db
      .delete(webhookEndpoints)
      .where(and(eq(webhookEndpoints.id, row.id), sql`${ofOwner} > ${most}`))
      .returning({ id: webhookEndpoints.id }),
    db.insert(webhookSecrets).values(secret),
    db
      .delete(webhookSecrets)
      .where(and(eq(webhookSecrets.endpointId, row.id), sql`NOT ${isEndpointThere(row.id)}`)),
    ...alongside,
  ]);
  return refused.length === 0;
}

/** As a guard of other statements. */
export function isEndpointThere(id: string): SQL {
  return sql`EXISTS (SELECT 1 FROM webhook_endpoints AS there WHERE there.id = ${id})`;
}

/** One endpoint of this owner; undefined when there is none, or it is another's. */
export async function readEndpoint(
  d1: D1Database,
  owner: string,
  id: string,
): Promise<EndpointRow | undefined> {
  return await drizzle(d1)
    .select()
    .from(webhookEndpoints)
    .where(and(eq(webhookEndpoints.id, id), eq(webhookEndpoints.owner, owner)))
    .get();
}

/** Endpoints of an owner, newest first; those older than `cursor` when it is given. */
export async function listEndpoints(
  d1: D1Database,
  owner: string,
  page: { limit: number; cursor?: string },
): Promise<EndpointRow[]> {
  return await drizzle(d1)
    .select()
    .from(webhookEndpoints)
    .where(
      and(
        eq(webhookEndpoints.owner, owner),
        page.cursor === undefined ? undefined : lt(webhookEndpoints.id, page.cursor),
      ),
    )
    .orderBy(desc(webhookEndpoints.id))
    .limit(page.limit);
}

export type EndpointChange = Partial<
  Pick<EndpointRow, "url" | "events" | "progressStep" | "enabled" | "disabledReason">
>;

/** Changes an endpoint of this owner; undefined when there is none. */
export async function changeEndpoint(
  d1: D1Database,
  owner: string,
  id: string,
  change: EndpointChange,
  nowMs: number,
): Promise<EndpointRow | undefined> {
  return await drizzle(d1)
    .update(webhookEndpoints)
    .set({ ...change, updatedAt: nowMs })
    .where(and(eq(webhookEndpoints.id, id), eq(webhookEndpoints.owner, owner)))
    .returning()
    .get();
}

/** Removes an endpoint and its secrets; what is still on its way to it is discarded when its turn comes. */
export async function deleteEndpoint(d1: D1Database, owner: string, id: string): Promise<boolean> {
  const db = drizzle(d1);
  const [deleted] = await db.batch([
    db
      .delete(webhookEndpoints)
      .where(and(eq(webhookEndpoints.id, id), eq(webhookEndpoints.owner, owner)))
      .returning({ id: webhookEndpoints.id }),
    db.delete(webhookSecrets).where(and(eq(webhookSecrets.endpointId, id), eq(webhookSecrets.owner, owner))),
  ]);
  return deleted.length > 0;
}
