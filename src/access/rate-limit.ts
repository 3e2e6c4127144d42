import type { MiddlewareHandler } from "hono";
import { configOf } from "../config.ts";
import { MediaError } from "../errors.ts";
import { log } from "../log.ts";
import type { AppContext, AppEnv } from "../request-context.ts";
import { type Admission, createTokenLeases } from "./token-leases.ts";

const leases = createTokenLeases();

/**
 * Lets a key ask so often a minute, and says with every answer how much of that is left (`RateLimit`,
 * `RateLimit-Policy`: draft-ietf-httpapi-ratelimit-headers). Goes after `authenticate`.
 *
 * @throws MediaError `rate_limited`
 */
export function rateLimit(): MiddlewareHandler<AppEnv> {
  return async function rateLimit(c, next) {
    const perMinute = c.get("caller").limits?.requestsPerMinute ?? configOf(c.env).requestsPerMinute;
    const admission = await admissionOf(c, perMinute);
    if (!admission) return await next();
    const headers = {
      "RateLimit-Policy": `"requests";q=${perMinute};w=60`,
      RateLimit: `"requests";r=${admission.remaining};t=${admission.fullInSeconds}`,
    };
    if (!admission.allowed) {
      const wait = Math.max(1, admission.waitSeconds);
      throw new MediaError("rate_limited", `This key may ask ${perMinute} times a minute.`, {
        headers: { ...headers, "Retry-After": String(wait) },
      });
    }
    await next();
    // What has no body of its own, such as a WebSocket, has headers that cannot be changed.
    if (c.res.status === 101) return;
    for (const [name, value] of Object.entries(headers)) c.res.headers.set(name, value);
  };
}

/** A budget that does not answer stops nobody: it is there to keep the service well. */
async function admissionOf(c: AppContext, perMinute: number): Promise<Admission | undefined> {
  const { keyId } = c.get("caller");
  const lease = (wanted: number) => c.env.KEY_BUDGET.getByName(keyId).lease(perMinute, wanted);
  try {
    return await leases.admit(keyId, perMinute, lease, Date.now);
  } catch (error) {
    log("warn", "access", "budget_unreachable", { detail: String(error) });
    return undefined;
  }
}
