import { IMAGE_MIME, type ImageFormat } from "../image/output.ts";
import { objectResponse } from "../media/object-response.ts";
import type { AppContext } from "../request-context.ts";
import { type DerivativeIdentity, derivedObjectKey } from "./cache-key.ts";
import { isMakeshift, isOutlived } from "./makeshift.ts";
import type { DerivativeTimings } from "./producer.ts";
import { cacheUrl } from "./purge.ts";

/** A derivative as it was found, not yet told to this client. */
export interface Found {
  response: Response;
  format: ImageFormat;
  /** Where it came from. */
  cache: "hit" | "stored" | "made";
  timings: DerivativeTimings;
  /** It will be made again soon. */
  isMakeshift: boolean;
}

/** A derivative that is there: from the cache, else from R2, which fills the cache. */
export async function findDerivative(
  c: AppContext,
  identity: DerivativeIdentity,
): Promise<Found | undefined> {
  const { format } = identity;
  const cached = await caches.default.match(cacheRequestOf(c, identity));
  if (cached) return { response: cached, format, cache: "hit", timings: {}, isMakeshift: false };
  const stored = await c.env.MEDIA.head(derivedObjectKey(identity));
  if (!stored || isOutlived(stored, Date.now())) return undefined;
  return await readStored(c, identity, stored);
}

/**
 * A derivative from R2, of which the cache is given a copy unless it is makeshift.
 *
 * @param stored what its head says, when that is known
 * @throws MediaError `not_found` when it is not there
 */
export async function readStored(
  c: AppContext,
  identity: DerivativeIdentity,
  stored?: R2Object,
): Promise<Found> {
  const { format } = identity;
  const objectKey = derivedObjectKey(identity);
  const type = IMAGE_MIME[format];
  const head = stored ?? (await c.env.MEDIA.head(objectKey));
  const isTemporary = head !== null && isMakeshift(head);
  if (!isTemporary) c.executionCtx.waitUntil(fillCache(c, objectKey, type));
  const response = await objectResponse(c.env.MEDIA, objectKey, c.req.raw, { type });
  return { response, format, cache: "stored", timings: {}, isMakeshift: isTemporary };
}

/** A key of our own, so that no header and no spelling of the options can split or poison the cache. */
function cacheRequestOf(c: AppContext, identity: DerivativeIdentity): Request {
  const headers = new Headers();
  for (const name of ["If-None-Match", "Range"]) {
    const value = c.req.header(name);
    // The Cache API does not know If-Range, so the whole is asked for, which RFC 9110 §13.1.5 always allows.
    if (name === "Range" && c.req.header("If-Range") !== undefined) continue;
    if (value !== undefined) headers.set(name, value);
  }
  return new Request(cacheUrl(c.env, derivedObjectKey(identity)), { headers });
}

/** How long the Cache API keeps a copy; what clients are told is said anew with each answer. */
const COPY = { "Cache-Control": "public, max-age=86400" };

async function fillCache(c: AppContext, objectKey: string, type: string): Promise<void> {
  const plain = new Request(cacheUrl(c.env, objectKey));
  const copy = await objectResponse(c.env.MEDIA, objectKey, plain, { type, headers: COPY });
  await caches.default.put(plain, copy);
}
