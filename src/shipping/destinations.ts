/** The registered destinations in D1. */
import { and, count, desc, eq, lt, or } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import { drizzle } from "drizzle-orm/d1";
import { configOf, type Env } from "../config.ts";
import { MediaError } from "../errors.ts";
import { destinations } from "../schema/shipping.ts";
import {
  type DestinationRow,
  httpSecrets,
  httpSettings,
  type OpenDestination,
  s3Secrets,
  s3Settings,
} from "./destination.ts";
import { unseal } from "./seal.ts";

/**
 * Registers a destination; `false` when the owner has one of that name.
 *
 * @param alongside more statements of the same batch
 */
export async function createDestination(
  d1: D1Database,
  row: DestinationRow,
  alongside: readonly BatchItem<"sqlite">[] = [],
): Promise<boolean> {
  const db = drizzle(d1);
  const [created] = await db.batch([
    db.insert(destinations).values(row).onConflictDoNothing().returning({ id: destinations.id }),
    ...alongside,
  ]);
  return created.length === 1;
}

export async function countDestinations(d1: D1Database, owner: string): Promise<number> {
  const [row] = await drizzle(d1)
    .select({ destinations: count() })
    .from(destinations)
    .where(eq(destinations.owner, owner));
  return row?.destinations ?? 0;
}

/** Destinations of an owner, newest first; those older than `cursor` when it is given. */
export async function listDestinations(
  d1: D1Database,
  owner: string,
  page: { limit: number; cursor?: string },
): Promise<DestinationRow[]> {
  return await drizzle(d1)
    .select()
    .from(destinations)
    .where(
      and(
        eq(destinations.owner, owner),
        page.cursor === undefined ? undefined : lt(destinations.id, page.cursor),
      ),
    )
    .orderBy(desc(destinations.id))
    .limit(page.limit);
}

/** One destination of this owner, by id or name; undefined when there is none, or it is another's. */
export async function findDestination(
  d1: D1Database,
  owner: string,
  idOrName: string,
): Promise<DestinationRow | undefined> {
  return await drizzle(d1)
    .select()
    .from(destinations)
    .where(
      and(eq(destinations.owner, owner), or(eq(destinations.id, idOrName), eq(destinations.name, idOrName))),
    )
    .get();
}

/** Removes a destination with its credentials; tasks that were to ship there fail. */
export async function deleteDestination(d1: D1Database, owner: string, id: string): Promise<boolean> {
  const deleted = await drizzle(d1)
    .delete(destinations)
    .where(and(eq(destinations.id, id), eq(destinations.owner, owner)))
    .returning({ id: destinations.id });
  return deleted.length === 1;
}

/**
 * A destination with its secrets, to ship something there.
 *
 * @throws MediaError `destination_missing` when it was deleted, or its credentials cannot be opened any more
 */
export async function openDestination(
  env: Env,
  owner: string,
  { destinationId, destinationName }: { destinationId: string; destinationName: string },
): Promise<OpenDestination> {
  // Registered anew under its name, with other credentials perhaps, it is the place that was meant.
  const row =
    (await findDestination(env.DB, owner, destinationId)) ??
    (await findDestination(env.DB, owner, destinationName));
  if (!row) throw new MediaError("destination_missing", `The destination ${destinationName} was deleted.`);
  const text = await unseal(configOf(env).tokenSecret, row.id, row.sealed);
  if (text === undefined) {
    throw new MediaError("destination_missing", `The credentials of ${row.name} cannot be read any more.`, {
      privateDetail: "TOKEN_SECRET is not the one that they were sealed with.",
    });
  }
  return open(row, JSON.parse(text));
}

function open({ id, kind, url, settings }: DestinationRow, secrets: unknown): OpenDestination {
  const place = { id, url: new URL(url) };
  return kind === "http"
    ? { ...place, kind, settings: httpSettings.parse(settings), secrets: httpSecrets.parse(secrets) }
    : { ...place, kind, settings: s3Settings.parse(settings), secrets: s3Secrets.parse(secrets) };
}
