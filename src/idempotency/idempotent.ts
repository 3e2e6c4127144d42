import { drizzle } from "drizzle-orm/d1";
import type { MiddlewareHandler } from "hono";
import { LIMITS } from "../config.ts";
import { MediaError } from "../errors.ts";
import type { AppContext, AppEnv, KeepAnswer } from "../request-context.ts";
import { answerOnce, fingerprintOf, inUse, release, sealFor } from "./answer-once.ts";
import { isStillHeld, keepAnswer, type Reservation, refuseUnlessHeld } from "./reservations.ts";
import type { Answer } from "./sealed-answer.ts";

/**
 * Jobs and batches call {@link answerOnce} themselves, and keep the answer in the very batch that accepts the work.
 * A receipt is told from its repeats by its delivery and its bytes, which are too many to be read first. Watch tokens
 * create nothing, and a fresh one is worth more than one that has run out.
 */
const PASSED_OVER = new Set([
  ...["/v1/jobs", "/v1/images/watermark", "/v1/videos/resize"],
  ...["/v1/batches", "/v1/receipts", "/v1/watch-tokens"],
]);

/**
 * Lets every POST of a small body be sent twice under one `Idempotency-Key`. Goes after `authenticate`.
 *
 * A handler that creates something keeps its answer in the batch that does, by `keptWith`. The answer of any other is
 * kept after it: a crash in between leaves what may be done twice, such as a ping.
 */
export function idempotent(): MiddlewareHandler<AppEnv> {
  return async function idempotent(c, next) {
    if (c.req.method !== "POST" || PASSED_OVER.has(c.req.path) || isStreamed(c)) return await next();
    const fingerprint = () => fingerprintOfBody(c);
    return await answerOnce(c, {
      fingerprint,
      async work(reservation) {
        // The body is read before the handler does, which finds it where the context keeps it.
        const own = reservation && (await fingerprint());
        if (reservation && own) c.set("keepAnswer", keeperOf(c, reservation, own));
        await next();
        if (reservation && own) await keepOrRelease(c, reservation, own);
        return c.res;
      },
    });
  };
}

/** A body that is no JSON is its handler's to read as it arrives; it cannot be read here first. */
function isStreamed(c: AppContext): boolean {
  const contentType = c.req.header("Content-Type");
  return contentType !== undefined && !/^application\/json\b/i.test(contentType);
}

/** The scopes are part of it: a lesser key of the same owner is not shown what it could not have asked for. */
async function fingerprintOfBody(c: AppContext): Promise<string> {
  if (Number(c.req.header("Content-Length") ?? 0) > LIMITS.maxJsonBytes) {
    throw new MediaError("payload_too_large", `A JSON body may have ${LIMITS.maxJsonBytes} bytes.`);
  }
  const text = await c.req.text();
  return await fingerprintOf(c, { scopes: c.get("caller").scopes.toSorted(), body: parsed(text) });
}

/** What is no JSON is compared as it is. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function keeperOf(c: AppContext, reservation: Reservation, fingerprint: string): KeepAnswer {
  const db = drizzle(c.env.DB);
  return async (answer, guard) => {
    const sealed = await sealFor(c, reservation, await answerOf(answer.clone()));
    return [refuseUnlessHeld(db, reservation), keepAnswer(db, reservation, { fingerprint, sealed }, guard)];
  };
}

/** What was kept with its row stays as it is. */
async function keepOrRelease(c: AppContext, reservation: Reservation, fingerprint: string): Promise<void> {
  if (c.res.ok) {
    const sealed = await sealFor(c, reservation, await answerOf(c.res.clone()));
    await keepAnswer(drizzle(c.env.DB), reservation, { fingerprint, sealed });
    return;
  }
  // Its key was lost to another request, or only the word that its batch went well was: then there is an answer.
  const isOurs = c.error === undefined || c.error instanceof MediaError;
  if (!isOurs && !(await isStillHeld(c.env.DB, reservation))) throw inUse();
  await release(c, reservation);
}

const KEPT_HEADERS = ["Content-Type", "Location", "Cache-Control"];

async function answerOf(response: Response): Promise<Answer> {
  const headers = KEPT_HEADERS.flatMap((name) => {
    const value = response.headers.get(name);
    return value === null ? [] : [[name, value]];
  });
  return { status: response.status, headers: Object.fromEntries(headers), body: await response.text() };
}
