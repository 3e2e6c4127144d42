import { configOf } from "../config.ts";
import { MediaError } from "../errors.ts";
import { isId } from "../id.ts";
import { IMAGE_MIME } from "../image/output.ts";
import type { ImageProbe } from "../image/probe.ts";
import { objectResponse } from "../media/object-response.ts";
import type { MediaRecord } from "../media/record.ts";
import { readPublishedMedia } from "../media/store.ts";
import type { AppContext } from "../request-context.ts";
import { adaptToClient } from "./adapt-to-client.ts";
import { answerHeaders } from "./answer-headers.ts";
import type { AskedImage } from "./asked-image.ts";
import { type DerivativeIdentity, derivativeKey, derivedObjectKey } from "./cache-key.ts";
import { describeImage } from "./describe.ts";
import { makeOnce } from "./make-once.ts";
import { negotiateFormat } from "./negotiate.ts";
import { cacheUrl } from "./purge.ts";
import { serverTiming } from "./server-timing.ts";
import { toImageOutput } from "./to-output.ts";
import { roundToSteps } from "./width-steps.ts";

/**
 * Serves one derivative: from the cache, else from R2, else made now. `Server-Timing` says which.
 *
 * @throws MediaError `not_found`, `invalid_image_url`, `image_rate_limited`, `derivative_pending` when it takes too
 *   long, and what making it failed with
 */
export async function deliverDerivative(c: AppContext, asked: AskedImage): Promise<Response> {
  const media = await findImage(c, asked.mediaId);
  if (asked.options.draw !== undefined) await checkDrawn(c, asked.options.draw, media.owner);
  if (asked.options.format === "json") return await deliverDescription(c, asked, media);
  try {
    return await deliver(c, asked, media);
  } catch (thrown) {
    if (asked.options.onerror !== "redirect" || !isFailureToMake(thrown)) throw thrown;
    return c.redirect(new URL(`/v1/media/${media.id}/original`, c.req.url).href, 302);
  }
}

async function findImage(c: AppContext, mediaId: string): Promise<MediaRecord> {
  const media = isId("media", mediaId) ? await readPublishedMedia(c.env.DB, mediaId) : undefined;
  if (media?.kind === "image") return media;
  throw new MediaError("not_found", "There is no image with this id.");
}

/** What is drawn belongs to whoever owns the image, or it is not there. */
async function checkDrawn(c: AppContext, mediaId: string, owner: string): Promise<void> {
  if ((await findImage(c, mediaId)).owner !== owner)
    throw new MediaError("not_found", "There is no image with this id.");
}

async function deliverDescription(c: AppContext, asked: AskedImage, media: MediaRecord): Promise<Response> {
  const { options } = adaptToClient(asked.options, () => null);
  c.header("Cache-Control", "public, max-age=3600");
  return c.json(await describeImage(c, media, options));
}

/** What is wrong with the URL or its sender is told; only what is wrong with the image sends on to the original. */
function isFailureToMake(thrown: unknown): boolean {
  return !(thrown instanceof MediaError) || thrown.status >= 500 || thrown.code.endsWith("_image");
}

async function deliver(c: AppContext, asked: AskedImage, media: MediaRecord): Promise<Response> {
  const { identity, varies } = identify(c, asked, media);
  const { format } = identity;
  const started = performance.now();
  const answer = (stored: Response, cache: string, timings = {}): Response => {
    const response = new Response(c.req.method === "HEAD" ? null : stored.body, stored);
    response.headers.set("Cache-Tag", media.id);
    const facts = {
      format,
      varies,
      isVersioned: asked.version === media.version,
      isProvisional: false,
      expiresAt: asked.expiresAt,
      filename: asked.filename ?? media.filename,
      note: noteOn(asked),
    };
    for (const [name, value] of Object.entries(answerHeaders(facts, Date.now() / 1000)))
      response.headers.set(name, value);
    response.headers.set("Server-Timing", serverTiming(cache, timings, performance.now() - started));
    return response;
  };

  const cacheRequest = cacheRequestOf(c, identity);
  const cached = await caches.default.match(cacheRequest);
  if (cached) return answer(cached, "hit");
  const objectKey = derivedObjectKey(identity);
  const isStored = (await c.env.MEDIA.head(objectKey)) !== null;
  const order = { objectKey, media, output: toImageOutput(identity.options, format) };
  const timings = isStored ? {} : await makeOnce(c, derivativeKey(identity), order);
  c.executionCtx.waitUntil(fillCache(c, cacheRequest, objectKey, IMAGE_MIME[format]));
  const stored = await objectResponse(c.env.MEDIA, objectKey, c.req.raw, { type: IMAGE_MIME[format] });
  return answer(stored, isStored ? "stored" : "made", timings);
}

/** What exactly is asked for, after the client and the deployment had their say. */
function identify(
  c: AppContext,
  asked: AskedImage,
  media: MediaRecord,
): { identity: DerivativeIdentity; varies: string[] } {
  const { hasAlpha } = media.metadata as unknown as ImageProbe;
  const header = (name: string) => c.req.header(name) ?? null;
  const adapted = adaptToClient(asked.options, header);
  const options = roundToSteps(adapted.options, configOf(c.env).imageUrl.widthSteps);
  const { format, varies } = negotiateFormat(options, header("Accept"), hasAlpha);
  return {
    identity: { mediaId: media.id, mediaVersion: media.version, options, format },
    varies: varies ? ["Accept", ...adapted.varies] : adapted.varies,
  };
}

function noteOn({ options }: AskedImage): string | undefined {
  return options.gravity === "face"
    ? "No face detector here: the crop keeps what draws the eye, skin first."
    : undefined;
}

/** A key of our own, so that no header and no spelling of the options can split or poison the cache. */
function cacheRequestOf(c: AppContext, identity: DerivativeIdentity): Request {
  const headers = new Headers();
  for (const name of ["If-None-Match", "Range"]) {
    const value = c.req.header(name);
    if (value !== undefined) headers.set(name, value);
  }
  return new Request(cacheUrl(c.env, derivedObjectKey(identity)), { headers });
}

/** How long the Cache API keeps a copy; what clients are told is said anew with each answer. */
const COPY = { "Cache-Control": "public, max-age=86400" };

async function fillCache(
  c: AppContext,
  cacheRequest: Request,
  objectKey: string,
  type: string,
): Promise<void> {
  const plain = new Request(cacheRequest.url);
  const copy = await objectResponse(c.env.MEDIA, objectKey, plain, { type, headers: COPY });
  await caches.default.put(plain, copy);
}
