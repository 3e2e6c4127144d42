import { eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { configOf, type Env } from "../config.ts";
import { log } from "../log.ts";
import { derivatives } from "../schema/media.ts";

/** Derivatives whose copies one call removes; what is left is not reachable, and expires within a day. */
const MAX_PURGED = 500;

/** Where the Cache API holds a derivative: not a route, so that only this service finds it. */
export function cacheUrl(env: Env, objectKey: string): string {
  return `${configOf(env).publicOrigin || "https://derivatives.invalid"}/${objectKey}`;
}

/**
 * Takes the derivatives of a deleted media out of this location's cache, and by tag out of the whole zone's where a
 * token for that is set. Nobody is served from a copy in any case, as the media is looked up first; browsers and
 * proxies keep theirs for as long as they were told.
 */
export async function purgeDerivatives(env: Env, mediaId: string): Promise<void> {
  const rows = await drizzle(env.DB)
    .select({ objectKey: derivatives.objectKey })
    .from(derivatives)
    .where(eq(derivatives.mediaId, mediaId))
    .limit(MAX_PURGED);
  await Promise.all(rows.map(({ objectKey }) => caches.default.delete(cacheUrl(env, objectKey))));
  if (env.CACHE_PURGE_ZONE_ID && env.CACHE_PURGE_TOKEN)
    await purgeZone(env.CACHE_PURGE_ZONE_ID, env.CACHE_PURGE_TOKEN, mediaId);
}

const PURGE_TIMEOUT_MS = 5_000;

/** https://developers.cloudflare.com/api/resources/cache/methods/purge/; answers carry the media's id as `Cache-Tag`. */
async function purgeZone(zoneId: string, token: string, tag: string): Promise<void> {
  try {
    const response = await fetch(
      `https://api.cloudflare.com/client/v4/zones/${encodeURIComponent(zoneId)}/purge_cache`,
      {
        method: "POST",
        headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
        body: JSON.stringify({ tags: [tag] }),
        signal: AbortSignal.timeout(PURGE_TIMEOUT_MS),
      },
    );
    if (!response.ok) log("warn", "image-url", "purge_refused", { media_id: tag, status: response.status });
    await response.body?.cancel();
  } catch (thrown) {
    // The media is gone either way: a cache that could not be reached must not keep it half deleted.
    log("warn", "image-url", "purge_failed", { media_id: tag, detail: String(thrown) });
  }
}
