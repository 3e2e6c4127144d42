import { configOf } from "../config.ts";
import { MediaError } from "../errors.ts";
import type { AppContext } from "../request-context.ts";
import type { DerivativeOrder, DerivativeTimings } from "./producer.ts";

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
  await spendBudget(c);
  const making = c.env.DERIVATIVES.getByName(key).make(order);
  const result = await Promise.race([making, scheduler.wait(WAIT_MS)]);
  if (!result) throw pending("The image takes longer than usual to make.");
  if (result.made) return result.timings;
  throw result.code === "derivative_pending"
    ? pending(result.message)
    : new MediaError(result.code, result.message);
}

function pending(message: string): MediaError {
  return new MediaError("derivative_pending", message, {
    headers: { "Retry-After": "2", "Cache-Control": "no-store" },
  });
}

/** One budget for each address that asks; requests without one share theirs. */
async function spendBudget(c: AppContext): Promise<void> {
  const { missesPerMinute } = configOf(c.env).imageUrl;
  if (missesPerMinute === 0) return;
  const client = c.req.header("CF-Connecting-IP") ?? "unknown";
  const waitSeconds = await c.env.MISS_BUDGET.getByName(client).take(missesPerMinute);
  if (waitSeconds === 0) return;
  throw new MediaError(
    "image_rate_limited",
    `More than ${missesPerMinute} new images were asked for within a minute.`,
    { headers: { "Retry-After": String(waitSeconds), "Cache-Control": "no-store" } },
  );
}
