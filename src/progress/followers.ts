/**
 * Whether anybody follows an owner's feed: one row in D1 while somebody does. Jobs that are accepted then tell the feed
 * of themselves; all others know nothing of feeds.
 */
import { eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { feedFollowers } from "../schema/jobs.ts";

/** An isolate looks at most this often; a feed lists jobs again after it, so that none falls in between. */
export const FOLLOWED_KEPT_MS = 1_000;
const MAX_OWNERS = 1_000;

const looked = new WeakMap<D1Database, Map<string, { followed: boolean; atMs: number }>>();

/** Whether the feed of an owner was followed a second ago at most. */
export async function isFollowed(d1: D1Database, owner: string, nowMs: number): Promise<boolean> {
  const owners = looked.get(d1) ?? new Map();
  looked.set(d1, owners);
  const known = owners.get(owner);
  if (known && nowMs < known.atMs + FOLLOWED_KEPT_MS) return known.followed;
  const rows = await drizzle(d1)
    .select({ owner: feedFollowers.owner })
    .from(feedFollowers)
    .where(eq(feedFollowers.owner, owner));
  if (owners.size >= MAX_OWNERS) owners.clear();
  owners.set(owner, { followed: rows.length > 0, atMs: nowMs });
  return rows.length > 0;
}

export async function markFollowed(d1: D1Database, owner: string, nowMs: number): Promise<void> {
  await drizzle(d1).insert(feedFollowers).values({ owner, since: nowMs }).onConflictDoNothing();
}

export async function markUnfollowed(d1: D1Database, owner: string): Promise<void> {
  await drizzle(d1).delete(feedFollowers).where(eq(feedFollowers.owner, owner));
}
