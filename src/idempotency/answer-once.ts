import type { ContentfulStatusCode } from "hono/utils/http-status";
import { canonicalDigest } from "../canonical-json.ts";
import { configOf, LIMITS } from "../config.ts";
import { MediaError } from "../errors.ts";
import { log } from "../log.ts";
import type { AppContext } from "../request-context.ts";
import { IDEMPOTENCY_HEADER, REPLAYED_HEADER, readIdempotencyKey } from "./key.ts";
import { type Reservation, releaseKey, renewReservation, reserveKey } from "./reservations.ts";
import { type Answer, openAnswer, sealAnswer } from "./sealed-answer.ts";

interface Once {
  /** What makes a request the same: called, without any effect, for one whose key has been answered. */
  fingerprint(): Promise<string>;
  /** Does the work. With a reservation it sees to it that an answer which promises something is kept under it. */
  work(reservation: Reservation | undefined): Promise<Response>;
}

/** Seconds after which a client may ask for the answer of a request that is still worked on. */
const RETRY_AFTER_S = 1;

/**
 * Answers a request at most once for each `Idempotency-Key` of an owner, for 24 h: asked again with the same request
 * the first answer is replayed. Requests without the header are simply worked on.
 *
 * Only what created something is kept. A refusal created nothing: the key is free again, and the corrected request may
 * use it.
 *
 * @throws MediaError `invalid_idempotency_key`, `idempotency_key_in_use`, `idempotency_key_reused`.
 */
export async function answerOnce(c: AppContext, once: Once): Promise<Response> {
  const key = readIdempotencyKey(c.req.header(IDEMPOTENCY_HEADER));
  if (key === undefined) return await once.work(undefined);
  const reserved = await reserveKey(c.env.DB, c.get("caller").owner, key, Date.now());
  switch (reserved.state) {
    case "ours":
      return await workUnder(c, reserved.reservation, once);
    case "in_flight":
      throw inUse();
    case "answered":
      if ((await once.fingerprint()) !== reserved.fingerprint) throw reused();
      return await replay(c, key, reserved.sealed);
  }
}

/** An answer in the form in which it is kept. */
export async function sealFor(c: AppContext, reservation: Reservation, answer: Answer): Promise<string> {
  return await sealAnswer(answer, configOf(c.env).tokenSecret, holderOf(reservation));
}

/**
 * What makes a request the same as another: its route and what it asks for. `content` is what was understood of the
 * body, so neither the order of fields nor a multipart boundary matters.
 */
export async function fingerprintOf(c: AppContext, content: unknown): Promise<string> {
  return await canonicalDigest([c.req.method, c.req.path, new URL(c.req.url).search, content]);
}

async function workUnder(c: AppContext, reservation: Reservation, once: Once): Promise<Response> {
  const renewal = setInterval(() => {
    renewReservation(c.env.DB, reservation, Date.now()).catch(() => undefined);
  }, LIMITS.idempotencyLeaseMs / 3);
  try {
    return await once.work(reservation);
  } catch (error) {
    await release(c, reservation);
    throw error;
  } finally {
    clearInterval(renewal);
  }
}

/** A key that cannot be let go now lapses by itself. */
export async function release(c: AppContext, reservation: Reservation): Promise<void> {
  try {
    await releaseKey(c.env.DB, reservation);
  } catch (error) {
    log("warn", "idempotency", "release_failed", { request_id: c.get("requestId"), detail: String(error) });
  }
}

async function replay(c: AppContext, key: string, sealed: string): Promise<Response> {
  const holder = holderOf({ owner: c.get("caller").owner, key });
  const answer = await openAnswer(sealed, configOf(c.env).tokenSecret, holder);
  if (!answer) {
    throw new MediaError(
      "conflict",
      "This request was answered before, but the answer can no longer be shown.",
    );
  }
  return respond(c, { ...answer, headers: { ...answer.headers, [REPLAYED_HEADER]: "true" } });
}

export function respond(c: AppContext, { status, headers, body }: Answer): Response {
  return c.body(body, status as ContentfulStatusCode, headers);
}

function holderOf({ owner, key }: Pick<Reservation, "owner" | "key">): string {
  return JSON.stringify([owner, key]);
}

/** Another request holds the key, or has taken it over from one that was silent for too long. */
export function inUse(): MediaError {
  return new MediaError("idempotency_key_in_use", "The first request with this key has not been answered.", {
    headers: { "Retry-After": String(RETRY_AFTER_S) },
  });
}

function reused(): MediaError {
  return new MediaError(
    "idempotency_key_reused",
    "This key was used before, for a request that asked for something else.",
  );
}
