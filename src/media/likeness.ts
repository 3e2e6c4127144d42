import { eq, type SQL, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { mediaHashes } from "../schema/media.ts";

export type HashRow = typeof mediaHashes.$inferSelect;

const BANDS = 4;
const BAND_DIGITS = 4;
const BAND_BITS = 16;

/**
 * Furthest that is looked for, bits. Two hashes that differ in at most 11 bits differ in at most 2 bits in one of their
 * four bands, so whoever looks for each band with up to 2 bits turned finds all of them.
 */
export const MAX_DISTANCE = 11;

/** Most hashes that one look compares: past that, some that are alike are not found. */
const MAX_CANDIDATES = 5_000;

export interface Likeness {
  mediaId: string;
  /** Bits that differ, 0–{@link MAX_DISTANCE}. */
  distance: number;
}

/** The row of a media's hash; one without features has no bands and is never found. */
export function hashRow({ id, owner }: { id: string; owner: string }, hash: string | null): HashRow {
  const [band0 = null, band1 = null, band2 = null, band3 = null] = hash === null ? [] : bandsOf(hash);
  return { mediaId: id, owner, hash, band0, band1, band2, band3 };
}

/** A media's hash: undefined when nobody has looked, null when it has none. */
export async function readHash(d1: D1Database, mediaId: string): Promise<string | null | undefined> {
  const [row] = await drizzle(d1).select().from(mediaHashes).where(eq(mediaHashes.mediaId, mediaId));
  return row?.hash;
}

export async function writeHash(d1: D1Database, row: HashRow): Promise<void> {
  await drizzle(d1).insert(mediaHashes).values(row).onConflictDoNothing();
}

/**
 * Media of this owner whose hash differs in at most `maxDistance` bits, the nearest first.
 *
 * @param maxDistance 0–{@link MAX_DISTANCE}
 * @returns `isComplete` is false when more than {@link MAX_CANDIDATES} had to be compared
 */
export async function findAlike(
  d1: D1Database,
  owner: string,
  hash: string,
  maxDistance: number,
): Promise<{ alike: Likeness[]; isComplete: boolean }> {
  const turned = Math.floor(maxDistance / BANDS);
  const looks = bandsOf(hash).map((band, index) => lookFor(owner, index, neighbors(band, turned)));
  const candidates = await drizzle(d1).all<{ mediaId: string; hash: string }>(
    sql`${sql.join(looks, sql` UNION `)} LIMIT ${MAX_CANDIDATES + 1}`,
  );
  const alike = candidates
    .slice(0, MAX_CANDIDATES)
    .map((one) => ({ mediaId: one.mediaId, distance: distanceOf(one.hash, hash) }))
    .filter(({ distance }) => distance <= maxDistance)
    .sort((a, b) => a.distance - b.distance || (a.mediaId < b.mediaId ? 1 : -1));
  return { alike, isComplete: candidates.length <= MAX_CANDIDATES };
}

function lookFor(owner: string, index: number, values: number[]): SQL {
  const band = sql.raw(`band${index}`);
  return sql`SELECT media_id AS mediaId, hash FROM ${mediaHashes} WHERE owner = ${owner}
    AND ${band} IN (SELECT value FROM json_each(${JSON.stringify(values)}))`;
}

function bandsOf(hash: string): number[] {
  return Array.from({ length: BANDS }, (_, band) =>
    Number.parseInt(hash.slice(band * BAND_DIGITS, (band + 1) * BAND_DIGITS), 16),
  );
}

/** A band, and every other that differs from it in at most `turned` bits. */
function neighbors(band: number, turned: number): number[] {
  if (turned === 0) return [band];
  const all = new Set<number>();
  for (const near of neighbors(band, turned - 1)) {
    all.add(near);
    for (let bit = 0; bit < BAND_BITS; bit++) all.add(near ^ (1 << bit));
  }
  return [...all];
}

/** Bits in which two hashes differ. */
export function distanceOf(one: string, other: string): number {
  let distance = 0;
  for (let at = 0; at < one.length; at++) {
    const differing = Number.parseInt(one[at] ?? "0", 16) ^ Number.parseInt(other[at] ?? "0", 16);
    distance += (differing & 1) + ((differing >> 1) & 1) + ((differing >> 2) & 1) + ((differing >> 3) & 1);
  }
  return distance;
}
