import { configOf } from "../config.ts";
import { MediaError } from "../errors.ts";
import type { MediaRecord } from "../media/record.ts";
import type { AppContext } from "../request-context.ts";
import { type DerivativeIdentity, derivativeKey, derivedObjectKey } from "./cache-key.ts";
import { clientNetwork } from "./client-network.ts";
import type { DerivativeOrder, DerivativeTimings } from "./producer.ts";
import { cacheUrl } from "./purge.ts";
import { toImageOutput } from "./to-output.ts";

/** How long one asker waits for a derivative that is being made; the making goes on without them. */
const WAIT_MS = 10_000;

/**
 * Has a derivative made, by the one object that makes it, and waits until it is there.
 *
 * @param key names the object
 * @returns what took how long
 * @throws MediaError `image_rate_limited`, `derivative_pending` when it takes too long, and what making it failed with
 */
export async function makeOnce(
  c: AppContext,
  key: string,
  order: DerivativeOrder,
): Promise<DerivativeTimings> {
  await spendBudget(c, key);
  const making = c.env.DERIVATIVES.getByName(key).make(order);
  const result = await Promise.race([making, scheduler.wait(WAIT_MS)]);
  if (!result) throw pending("The image takes longer than usual to make.");
  if (result.made) return result.timings;
  throw result.code === "derivative_pending"
    ? pending(result.message)
    : new MediaError(result.code, result.message);
}

/** For how long nobody else asks for what is being made in the background, seconds. */
const LATER_SECONDS = 30;

/**
 * Has a better format made without anybody waiting for it. A mark in the cache keeps each request of the next seconds
 * from asking again.
 */
export async function makeLater(
  c: AppContext,
  media: MediaRecord,
  identity: DerivativeIdentity,
): Promise<void> {
  const objectKey = derivedObjectKey(identity);
  const mark = `${cacheUrl(c.env, objectKey)}.asked`;
  if (await caches.default.match(mark)) return;
  const headers = { "Cache-Control": `max-age=${LATER_SECONDS}` };
  if (await c.env.MEDIA.head(objectKey)) return;
  // It costs more than what is made at once, so it is no way around the budget; who has none left just waits.
  if ((await waitForBudget(c, derivativeKey(identity))) > 0) return;
  await caches.default.put(mark, new Response("asked", { headers }));
  const output = toImageOutput(identity.options, identity.format);
  const order = { objectKey, media, output, isBackground: true };
  c.executionCtx.waitUntil(c.env.DERIVATIVES.getByName(derivativeKey(identity)).make(order));
}

function pending(message: string): MediaError {
  return new MediaError("derivative_pending", message, {
    headers: { "Retry-After": "2", "Cache-Control": "no-store" },
  });
}

/** One budget for each network that asks; requests without an address share theirs. */
export async function spendBudget(c: AppContext, image: string): Promise<void> {
  const { missesPerMinute } = configOf(c.env).imageUrl;
  const waitSeconds = await waitForBudget(c, image);
  if (waitSeconds === 0) return;
  throw new MediaError(
    "image_rate_limited",
    `More than ${missesPerMinute} new images were asked for within a minute.`,
    { headers: { "Retry-After": String(waitSeconds), "Cache-Control": "no-store" } },
  );
}

/** Takes one miss of the client's budget, once for each image: 0 when it had one, else the seconds until it has. */
async function waitForBudget(c: AppContext, image: string): Promise<number> {
  const { missesPerMinute } = configOf(c.env).imageUrl;
  if (missesPerMinute === 0) return 0;
  const client = clientNetwork(c.req.header("CF-Connecting-IP"));
  return await c.env.MISS_BUDGET.getByName(client).take(image, missesPerMinute);
}
