import { configOf } from "../config.ts";
import { MediaError } from "../errors.ts";
import { isId } from "../id.ts";
import type { ImageProbe } from "../image/probe.ts";
import type { MediaRecord } from "../media/record.ts";
import { originalResponse } from "../media/routes.ts";
import { readPublishedMedia } from "../media/store.ts";
import type { AppContext } from "../request-context.ts";
import { adaptToClient } from "./adapt-to-client.ts";
import { answerHeaders } from "./answer-headers.ts";
import type { AskedImage } from "./asked-image.ts";
import { boundSize } from "./bound-size.ts";
import { type DerivativeIdentity, derivativeKey, derivedObjectKey } from "./cache-key.ts";
import { describeImage } from "./describe.ts";
import { type Found, findDerivative, readStored } from "./find-derivative.ts";
import { makeLater, makeOnce, spendBudget } from "./make-once.ts";
import { negotiateFormat } from "./negotiate.ts";
import type { DerivativeOrder } from "./producer.ts";
import { knownRemoteImage } from "./remote-image.ts";
import { remoteMediaId, remoteUrlOf, requireListed } from "./remote-source.ts";
import { serverTiming } from "./server-timing.ts";
import { ORIGINAL_SEGMENT, signatureOf, signImagePath, verifyImagePath } from "./signature.ts";
import { toImageOutput } from "./to-output.ts";
import { roundToSteps } from "./width-steps.ts";

/**
 * Serves one derivative: from the cache, else from R2, else made now. `Server-Timing` says which. Clients that would
 * rather have AVIF get it when it is there; until then they get what is fast, for a short time, and it is made behind
 * their back.
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
    if (asked.options.onerror !== "redirect" || !asked.isSigned || !isFailureToMake(thrown)) throw thrown;
    c.header("Cache-Control", "no-store");
    return c.redirect(new URL(await signedOriginal(c, media), c.req.url).href, 302);
  }
}

/** How long the original can be had by the URL that a client is sent to, s. */
const ORIGINAL_SECONDS = 300;

/**
 * Where anybody can read the original for a while. Only a signed URL leads there: an original tells where it was taken,
 * which nobody is to learn by asking for an image that cannot be made.
 */
async function signedOriginal(c: AppContext, media: MediaRecord): Promise<string> {
  const expiresAt = Math.floor(Date.now() / 1000) + ORIGINAL_SECONDS;
  const path = { options: ORIGINAL_SEGMENT, mediaId: media.id, expiresAt };
  return await signImagePath(path, configOf(c.env).imageUrl.keys);
}

/** `/img/s--<signature>/original/<media id>?exp=…`, as {@link signedOriginal} wrote it. */
export async function deliverOriginal(c: AppContext, segments: readonly string[]): Promise<Response> {
  const [signed = "", options = "", mediaId = ""] = segments;
  const expiresAt = Number(c.req.query("exp"));
  const { keys } = configOf(c.env).imageUrl;
  await verifyImagePath({ options, mediaId, expiresAt }, signatureOf(signed) ?? "", keys, Date.now() / 1000);
  return await originalResponse(c, await findImage(c, mediaId));
}

/**
 * The image of an id, whoever's it is: the policy of image URLs decides who may see it.
 *
 * @throws MediaError `not_found`
 */
export async function findImage(c: AppContext, mediaId: string): Promise<MediaRecord> {
  const remote = remoteUrlOf(mediaId);
  if (remote) return await findRemote(c, remote);
  const media = isId("media", mediaId) ? await readPublishedMedia(c.env.DB, mediaId) : undefined;
  if (media?.kind === "image") return media;
  throw new MediaError("not_found", "There is no image with this id.");
}

/** The image behind a listed URL, fetched when it is not known. Asking for that costs as much as making an image. */
async function findRemote(c: AppContext, url: URL): Promise<MediaRecord> {
  const { origins } = configOf(c.env).imageUrl;
  requireListed(url, origins);
  const known = await knownRemoteImage(c.env, url);
  if (known) return known;
  const name = `remote/${await remoteMediaId(url.href)}`;
  await spendBudget(c, name);
  const answer = await c.env.DERIVATIVES.getByName(name).fetchRemote(url.href, origins);
  const media = "mediaId" in answer ? await readPublishedMedia(c.env.DB, answer.mediaId) : undefined;
  if (media) return media;
  if ("code" in answer) throw new MediaError(answer.code, answer.message);
  throw new MediaError("not_found", "There is no image with this id.");
}

/** What is drawn belongs to whoever owns the image, or it is not there. */
async function checkDrawn(c: AppContext, mediaId: string, owner: string): Promise<void> {
  if ((await findImage(c, mediaId)).owner !== owner)
    throw new MediaError("not_found", "There is no image with this id.");
}

/** How long what is told of an image may be kept, s. */
const DESCRIPTION_SECONDS = 3600;

async function deliverDescription(c: AppContext, asked: AskedImage, media: MediaRecord): Promise<Response> {
  const { options } = adaptToClient(asked.options, () => null);
  // No longer than its URL works.
  const leftSeconds = Math.floor((asked.expiresAt ?? Infinity) - Date.now() / 1000);
  c.header("Cache-Control", `public, max-age=${Math.min(DESCRIPTION_SECONDS, leftSeconds)}`);
  return c.json(await describeImage(c.env, media, options));
}

/** What is wrong with the URL or its sender is told; only what is wrong with the image sends on to the original. */
function isFailureToMake(thrown: unknown): boolean {
  return !(thrown instanceof MediaError) || thrown.status >= 500 || thrown.code.endsWith("_image");
}

async function deliver(c: AppContext, asked: AskedImage, media: MediaRecord): Promise<Response> {
  const { identity, better, varies } = identify(c, asked, media);
  const started = performance.now();
  const answer = (found: Found, isProvisional: boolean): Response =>
    answerWith(c, asked, media, {
      ...found,
      varies,
      isProvisional: isProvisional || found.isMakeshift,
      totalMs: performance.now() - started,
    });

  const best = better && (await findDerivative(c, better));
  if (best) return answer(best, false);
  const isPending = better !== undefined;
  const found = (await findDerivative(c, identity)) ?? (await make(c, media, identity));
  // After what is answered with, which has the first claim on the client's budget.
  if (better) await makeLater(c, media, better);
  return answer(found, isPending);
}

async function make(c: AppContext, media: MediaRecord, identity: DerivativeIdentity): Promise<Found> {
  const timings = await makeOnce(c, derivativeKey(identity), orderOf(media, identity));
  return { ...(await readStored(c, identity)), cache: "made", timings };
}

/** What exactly is asked for, after the client and the deployment had their say. */
function identify(c: AppContext, asked: AskedImage, media: MediaRecord) {
  const probe = media.metadata as unknown as ImageProbe;
  const header = (name: string) => c.req.header(name) ?? null;
  const adapted = adaptToClient(asked.options, header);
  const rounded = roundToSteps(adapted.options, configOf(c.env).imageUrl.widthSteps);
  const options = boundSize(rounded, probe);
  const { format, better, varies } = negotiateFormat(options, header("Accept"), probe);
  const identity: DerivativeIdentity = { mediaId: media.id, mediaVersion: media.version, options, format };
  return {
    identity,
    better: better && { ...identity, format: better },
    varies: varies ? ["Accept", ...adapted.varies] : adapted.varies,
  };
}

function orderOf(media: MediaRecord, identity: DerivativeIdentity): DerivativeOrder {
  const output = toImageOutput(identity.options, identity.format);
  return { objectKey: derivedObjectKey(identity), media, output };
}

interface Answer extends Found {
  varies: string[];
  isProvisional: boolean;
  totalMs: number;
}

function answerWith(c: AppContext, asked: AskedImage, media: MediaRecord, found: Answer): Response {
  const { response: stored, format, cache, timings, varies, isProvisional, totalMs } = found;
  const response = new Response(c.req.method === "HEAD" ? null : stored.body, stored);
  const facts = {
    format,
    varies,
    isVersioned: asked.version === media.version && remoteUrlOf(asked.mediaId) === undefined,
    isProvisional,
    expiresAt: asked.expiresAt,
    filename: asked.filename ?? media.filename,
    note: noteOn(asked),
  };
  for (const [name, value] of Object.entries(answerHeaders(facts, Date.now() / 1000)))
    response.headers.set(name, value);
  response.headers.set("Cache-Tag", media.id);
  response.headers.set("Server-Timing", serverTiming(cache, timings, totalMs));
  return response;
}

function noteOn({ options }: AskedImage): string | undefined {
  return options.gravity === "face"
    ? "The crop shows the faces that a container found; without any, what draws the eye, skin first."
    : undefined;
}
