/** The API keys in D1. What is kept of a key is its hash: none of these functions sees a key. */
import { and, desc, eq, type InferSelectModel, isNull, lt } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import { drizzle } from "drizzle-orm/d1";
import { apiKeys } from "../schema/access.ts";

export type KeyRow = InferSelectModel<typeof apiKeys>;

/** The key with this hash (`hashKey`), unless there is none or it was revoked. */
export async function findKeyByHash(d1: D1Database, hash: string): Promise<KeyRow | undefined> {
  return await drizzle(d1)
    .select()
    .from(apiKeys)
    .where(and(eq(apiKeys.hash, hash), isNull(apiKeys.revokedAt)))
    .get();
}

/** The key with this id, unless there is none or it was revoked. */
export async function findKeyById(d1: D1Database, id: string): Promise<KeyRow | undefined> {
  return await drizzle(d1)
    .select()
    .from(apiKeys)
    .where(and(eq(apiKeys.id, id), isNull(apiKeys.revokedAt)))
    .get();
}

/** The key with this id, revoked or not. */
export async function readKey(d1: D1Database, id: string): Promise<KeyRow | undefined> {
  return await drizzle(d1).select().from(apiKeys).where(eq(apiKeys.id, id)).get();
}

/** @param alongside more statements of the same batch */
export async function createKey(
  d1: D1Database,
  row: KeyRow,
  alongside: readonly BatchItem<"sqlite">[] = [],
): Promise<void> {
  const db = drizzle(d1);
  await db.batch([db.insert(apiKeys).values(row), ...alongside]);
}

/** Keys of all owners, newest first, revoked ones included; those older than `beforeId` when it is given. */
export async function listKeys(d1: D1Database, limit: number, beforeId?: string): Promise<KeyRow[]> {
  return await drizzle(d1)
    .select()
    .from(apiKeys)
    .where(beforeId === undefined ? undefined : lt(apiKeys.id, beforeId))
    .orderBy(desc(apiKeys.id))
    .limit(limit);
}

/** Revokes a key from the next request on. Says whether there was a key to revoke. */
export async function revokeKey(d1: D1Database, id: string, nowMs: number): Promise<boolean> {
  const revoked = await drizzle(d1)
    .update(apiKeys)
    .set({ revokedAt: nowMs })
    .where(and(eq(apiKeys.id, id), isNull(apiKeys.revokedAt)))
    .returning({ id: apiKeys.id });
  return revoked.length > 0;
}
