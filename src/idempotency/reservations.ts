/**
 * Idempotency keys in D1. A key is reserved by one atomic statement before anything is done for its request, and then
 * either answered, in the batch that makes what the answer promises where there is such a batch, or let go.
 *
 * A reservation is a lease: whoever holds it renews it, and when they die it lapses, so that no crash locks a key. Two
 * holders cannot both create, because what they write is guarded by the token ({@link isHeld}).
 */
import { and, eq, isNull, lt, type SQL, sql } from "drizzle-orm";
import { type DrizzleD1Database, drizzle } from "drizzle-orm/d1";
import { LIMITS } from "../config.ts";
import { idempotencyKeys } from "../schema/access.ts";

/** The right to answer the request of one key. */
export interface Reservation {
  owner: string;
  key: string;
  token: string;
}

export type Reserved =
  | { state: "ours"; reservation: Reservation }
  /** Another request holds the key. */
  | { state: "in_flight" }
  | { state: "answered"; fingerprint: string; sealed: string };

/** Takes a key that is new, lapsed or older than 24 h, in one statement; else says what stands in the way. */
export async function reserveKey(
  d1: D1Database,
  owner: string,
  key: string,
  nowMs: number,
): Promise<Reserved> {
  const db = drizzle(d1);
  const token = crypto.randomUUID();
  const taken = { token, leaseUntil: nowMs + LIMITS.idempotencyLeaseMs, createdAt: nowMs };
  const [, rows] = await db.batch([
    db
      .insert(idempotencyKeys)
      .values({ owner, key, ...taken })
      .onConflictDoUpdate({
        target: [idempotencyKeys.owner, idempotencyKeys.key],
        set: { ...taken, fingerprint: null, answer: null },
        setWhere: sql`(answer IS NULL AND lease_until <= ${nowMs}) OR created_at <= ${nowMs - LIMITS.idempotencyKeptMs}`,
      }),
    db
      .select()
      .from(idempotencyKeys)
      .where(and(eq(idempotencyKeys.owner, owner), eq(idempotencyKeys.key, key))),
  ]);
  const row = rows[0];
  if (row?.token === token) return { state: "ours", reservation: { owner, key, token } };
  if (row?.answer == null || row.fingerprint === null) return { state: "in_flight" };
  return { state: "answered", fingerprint: row.fingerprint, sealed: row.answer };
}

/** As a guard of other statements: this reservation is held, and nobody has answered under it. */
export function isHeld({ owner, key, token }: Reservation): SQL {
  return sql`EXISTS (SELECT 1 FROM idempotency_keys AS held
    WHERE held.owner = ${owner} AND held.key = ${key} AND held.token = ${token} AND held.answer IS NULL)`;
}

/** The statement that keeps the answer while `guard` holds; for the batch that makes what it promises. */
export function keepAnswer(
  db: DrizzleD1Database,
  reservation: Reservation,
  kept: { fingerprint: string; sealed: string },
  guard?: SQL,
) {
  return db
    .update(idempotencyKeys)
    .set({ fingerprint: kept.fingerprint, answer: kept.sealed })
    .where(and(holds(reservation), guard));
}

/** The statement that fails, and its whole batch with it, unless the reservation {@link isHeld}. */
export function refuseUnlessHeld(db: DrizzleD1Database, reservation: Reservation) {
  // No column that a key is made of may be NULL.
  const nothing = sql`SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL WHERE NOT ${isHeld(reservation)}`;
  return db.insert(idempotencyKeys).select(nothing);
}

/** Keeps a reservation alive while its request is worked on; it goes on being held, or is not ours any more. */
export async function renewReservation(
  d1: D1Database,
  reservation: Reservation,
  nowMs: number,
): Promise<void> {
  await drizzle(d1)
    .update(idempotencyKeys)
    .set({ leaseUntil: nowMs + LIMITS.idempotencyLeaseMs })
    .where(holds(reservation));
}

/** Whether a reservation is still ours to answer. */
export async function isStillHeld(d1: D1Database, reservation: Reservation): Promise<boolean> {
  const rows = await drizzle(d1)
    .select({ key: idempotencyKeys.key })
    .from(idempotencyKeys)
    .where(holds(reservation));
  return rows.length === 1;
}

/** Lets go of a key under which nothing was made. One that was answered stays. */
export async function releaseKey(d1: D1Database, reservation: Reservation): Promise<void> {
  await drizzle(d1).delete(idempotencyKeys).where(holds(reservation));
}

/** Forgets keys that are older than 24 h; says how many. */
export async function forgetKeys(d1: D1Database, nowMs: number, limit: number): Promise<number> {
  const db = drizzle(d1);
  const old = db
    .select({ rowid: sql`rowid` })
    .from(idempotencyKeys)
    .where(lt(idempotencyKeys.createdAt, nowMs - LIMITS.idempotencyKeptMs))
    .limit(limit);
  const forgotten = await db
    .delete(idempotencyKeys)
    .where(sql`rowid IN ${old}`)
    .returning({ key: idempotencyKeys.key });
  return forgotten.length;
}

function holds({ owner, key, token }: Reservation): SQL | undefined {
  return and(
    eq(idempotencyKeys.owner, owner),
    eq(idempotencyKeys.key, key),
    eq(idempotencyKeys.token, token),
    isNull(idempotencyKeys.answer),
  );
}
