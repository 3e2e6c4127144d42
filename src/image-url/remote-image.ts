import { eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { configOf, type Env, LIMITS } from "../config.ts";
import { MediaError, toMediaError } from "../errors.ts";
import { requireWhole } from "../image/salvage.ts";
import { deletePrefix } from "../media/delete-prefix.ts";
import type { MediaRecord } from "../media/record.ts";
import { readPublishedMedia } from "../media/store.ts";
import { type OpenSource, openSource } from "../processing/open-source.ts";
import { media as mediaTable, remoteImages, uploads } from "../schema/media.ts";
import { openIncomingFile } from "../submission/incoming-file.ts";
import { policyOf, resolverOf } from "../webhooks/check-url.ts";
import { derivedObjectPrefix } from "./cache-key.ts";
import { freshMs, isListed, remoteMediaId } from "./remote-source.ts";

/** Whose images of listed origins are: no key has this owner, so they are in nobody's list. */
const OWNER = "@remote";

/** After a host failed, what is known of its image is served for this long before it is asked again, ms. */
const RETRY_MS = 60_000;

type RemoteRow = typeof remoteImages.$inferSelect;

/** What is known of the image behind a listed URL, when that is still fresh. */
export async function knownRemoteImage(env: Env, url: URL): Promise<MediaRecord | undefined> {
  const { row, media } = await readKnown(env, await remoteMediaId(url.href));
  return row && row.freshUntil > Date.now() ? media : undefined;
}

/**
 * The image behind a listed URL as media: fetched when it is not known, asked for again (by its ETag) when that was a while
 * ago, and as it was when its host fails. One caller at a time for each URL (`producer.ts`).
 *
 * @param origins what may be asked, redirects included
 * @throws MediaError `source_unavailable`, `source_failed`, `payload_too_large`, and what the file is refused with
 */
export async function refreshRemoteImage(env: Env, url: URL, origins: string[]): Promise<MediaRecord> {
  const id = await remoteMediaId(url.href);
  const { row, media } = await readKnown(env, id);
  if (row && media && row.freshUntil > Date.now()) return media;
  try {
    const source = await openSource(url.href, worldOf(env, origins, media && row?.etag));
    if (media && source.isUnchanged) {
      await upsert(env, {
        mediaId: id,
        url: url.href,
        etag: row?.etag ?? null,
        freshUntil: freshUntil(source),
      });
      return media;
    }
    return await take(env, id, url, source, media);
  } catch (thrown) {
    if (!media || !row || toMediaError(thrown).code !== "source_failed") throw thrown;
    await upsert(env, { ...row, freshUntil: Date.now() + RETRY_MS });
    return media;
  }
}

async function readKnown(env: Env, id: string) {
  const [rows, media] = await Promise.all([
    drizzle(env.DB).select().from(remoteImages).where(eq(remoteImages.mediaId, id)),
    readPublishedMedia(env.DB, id),
  ]);
  return { row: rows[0], media };
}

function upsert(env: Env, row: RemoteRow) {
  const { mediaId: _, ...set } = row;
  return drizzle(env.DB)
    .insert(remoteImages)
    .values(row)
    .onConflictDoUpdate({ target: remoteImages.mediaId, set });
}

/** Fetching as jobs fetch, but of listed origins alone, from the first URL to the last redirect. */
function worldOf(
  env: Env,
  origins: string[],
  etag: string | null | undefined,
): Parameters<typeof openSource>[1] {
  const config = configOf(env);
  const limits = {
    maxBytes: LIMITS.maxImageBytes,
    timeoutMs: LIMITS.fetchTimeoutMs,
    stallMs: LIMITS.fetchStallMs,
  };
  return {
    policy: policyOf(config),
    resolve: resolverOf(config),
    limits,
    mayAsk: (url) => isListed(url, origins),
    ...(etag && { etag }),
  };
}

function freshUntil(source: OpenSource): number {
  return Date.now() + freshMs(source.cacheControl);
}

/** Stores what a host sends under a key of its own; it counts when its rows do, and replaces what was there. */
async function take(
  env: Env,
  id: string,
  url: URL,
  source: OpenSource,
  known: MediaRecord | undefined,
): Promise<MediaRecord> {
  const nowMs = Date.now();
  const objectKey = `media/${id}/original.${crypto.randomUUID()}`;
  const file = await openIncomingFile(env, OWNER, source, nowMs, {
    mediaId: id,
    objectKey,
    maxBytes: LIMITS.maxImageBytes,
  });
  try {
    for await (const chunk of source.chunks()) await file.write(chunk);
    const inspected = await file.inspect();
    if (inspected.kind !== "image") throw new MediaError("unsupported_type", "What is there is no image.");
    requireWhole(inspected.probe, []);
    const stored = await file.store(inspected, OWNER, nowMs);
    const isSame = known?.sha256 === stored.sha256;
    const version = known ? known.version + (isSame ? 0 : 1) : 1;
    const media: MediaRecord = { ...stored, version };
    const { id: _, ...set } = media;
    const db = drizzle(env.DB);
    await db.batch([
      db.insert(mediaTable).values(media).onConflictDoUpdate({ target: mediaTable.id, set }),
      db.delete(uploads).where(eq(uploads.id, file.uploadId)),
      upsert(env, { mediaId: id, url: url.href, etag: source.etag, freshUntil: freshUntil(source) }),
    ]);
    if (known) await env.MEDIA.delete(known.objectKey);
    if (known && !isSame) await deletePrefix(env.MEDIA, derivedObjectPrefix(id, known.version));
    return media;
  } catch (error) {
    await file.discard();
    throw error;
  }
}
