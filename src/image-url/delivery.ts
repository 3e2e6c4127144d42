import { MediaError } from "../errors.ts";
import { isId } from "../id.ts";
import { IMAGE_MIME } from "../image/output.ts";
import type { ImageProbe } from "../image/probe.ts";
import { objectResponse } from "../media/object-response.ts";
import type { MediaRecord } from "../media/record.ts";
import { readPublishedMedia } from "../media/store.ts";
import type { AppContext } from "../request-context.ts";
import { type DerivativeIdentity, derivativeKey, derivedObjectKey } from "./cache-key.ts";
import { parseOptions } from "./grammar.ts";
import { negotiateFormat } from "./negotiate.ts";
import { toImageOutput } from "./to-output.ts";

/** How long one asker waits for a derivative that is being made; the making goes on without them. */
const WAIT_MS = 10_000;

/**
 * Serves one derivative: from the cache, else from R2, else made now. `Server-Timing` says which.
 *
 * @throws MediaError `not_found`, `invalid_request` for options, `derivative_pending` when it takes too long.
 */
export async function deliverDerivative(c: AppContext, options: string, mediaId: string): Promise<Response> {
  const parsed = parseOptions(options);
  const media = isId("media", mediaId) ? await readPublishedMedia(c.env.DB, mediaId) : undefined;
  if (media?.kind !== "image") throw new MediaError("not_found", "There is no image with this id.");
  const { hasAlpha } = media.metadata as unknown as ImageProbe;
  const { format, varies } = negotiateFormat(parsed.format, c.req.header("Accept") ?? null, hasAlpha);
  const identity: DerivativeIdentity = { mediaId, mediaVersion: media.version, options: parsed, format };
  const cacheRequest = cacheRequestOf(c, identity);
  const cached = await caches.default.match(cacheRequest);
  if (cached) return answer(c, cached, media, varies, "hit");
  const objectKey = derivedObjectKey(identity);
  const isStored = (await c.env.MEDIA.head(objectKey)) !== null;
  if (!isStored) await makeOnce(c, { objectKey, media, output: toImageOutput(parsed, format) }, identity);
  c.executionCtx.waitUntil(fillCache(c, cacheRequest, objectKey, IMAGE_MIME[format]));
  const stored = await objectResponse(c.env.MEDIA, objectKey, c.req.raw, {
    type: IMAGE_MIME[format],
    headers: CACHEABLE,
  });
  return answer(c, stored, media, varies, isStored ? "stored" : "made");
}

/** The key is not versioned, so a day: after that a deleted media is gone everywhere. */
const CACHEABLE = { "Cache-Control": "public, max-age=86400" };

/** A key of our own, so that no header and no spelling of the options can split or poison the cache. */
function cacheRequestOf(c: AppContext, identity: DerivativeIdentity): Request {
  const url = new URL(`/derivatives/${derivativeKey(identity)}`, c.req.url);
  const headers = new Headers();
  for (const name of ["If-None-Match", "Range"]) {
    const value = c.req.header(name);
    if (value !== undefined) headers.set(name, value);
  }
  return new Request(url, { headers });
}

async function makeOnce(
  c: AppContext,
  order: { objectKey: string; media: MediaRecord; output: ReturnType<typeof toImageOutput> },
  identity: DerivativeIdentity,
): Promise<void> {
  const making = c.env.DERIVATIVES.getByName(derivativeKey(identity)).make(order);
  const result = await Promise.race([making, scheduler.wait(WAIT_MS)]);
  if (!result) throw pending("The image takes longer than usual to make.");
  if (result.made) return;
  throw result.code === "derivative_pending"
    ? pending(result.message)
    : new MediaError(result.code, result.message);
}

function pending(message: string): MediaError {
  return new MediaError("derivative_pending", message, { headers: { "Retry-After": "2" } });
}

async function fillCache(
  c: AppContext,
  cacheRequest: Request,
  objectKey: string,
  type: string,
): Promise<void> {
  const plain = new Request(cacheRequest.url);
  await caches.default.put(
    plain,
    await objectResponse(c.env.MEDIA, objectKey, plain, { type, headers: CACHEABLE }),
  );
}

/** The answer as this client is told it; the cached one says nothing of how it came about. */
function answer(
  c: AppContext,
  stored: Response,
  media: MediaRecord,
  varies: boolean,
  status: string,
): Response {
  const response = new Response(c.req.method === "HEAD" ? null : stored.body, stored);
  if (varies) response.headers.set("Vary", "Accept");
  response.headers.set("Server-Timing", `cache;desc=${status}`);
  response.headers.set("Content-Disposition", `inline; filename="${media.id}"`);
  return response;
}
