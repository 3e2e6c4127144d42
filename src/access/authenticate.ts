import type { MiddlewareHandler } from "hono";
import { configOf } from "../config.ts";
import { MediaError } from "../errors.ts";
import type { AppContext, AppEnv, Caller } from "../request-context.ts";
import type { Scope } from "../schema/access.ts";
import { callerOfKey } from "./caller.ts";
import { isSafeMethod, requestOrigin } from "./same-origin.ts";
import { callerOfSession } from "./session.ts";
import { verifyFeedToken, verifyWatchToken } from "./watch-token.ts";

/**
 * Finds out who asks, by `Authorization: Bearer <key>` or else by the session cookie, and sets `caller`.
 * Errors: `unauthenticated`; `forbidden` for a write or a WebSocket by cookie that does not come from our own pages.
 */
export function authenticate(): MiddlewareHandler<AppEnv> {
  return async function authenticate(c, next) {
    const caller = await callerOfHeaderOrCookie(c);
    if (!caller) throw unauthenticated("Send a valid key as Authorization: Bearer <key>.");
    c.set("caller", caller);
    await next();
  };
}

/**
 * As {@link authenticate}, and for reading also by `?token=`, a watch token of exactly the job that the path's
 * parameter names.
 */
export function authenticateWatcher(jobIdParam = "id"): MiddlewareHandler<AppEnv> {
  return async function authenticateWatcher(c, next) {
    const caller = (await callerOfWatchToken(c, jobIdParam)) ?? (await callerOfHeaderOrCookie(c));
    if (!caller) throw unauthenticated("Send a key, or a watch token of this job that has not expired.");
    c.set("caller", caller);
    await next();
  };
}

/** As {@link authenticate}, and for reading also by `?token=`, a feed token. */
export function authenticateFollower(): MiddlewareHandler<AppEnv> {
  return async function authenticateFollower(c, next) {
    const caller = (await callerOfFeedToken(c)) ?? (await callerOfHeaderOrCookie(c));
    if (!caller) throw unauthenticated("Send a key, or a feed token that has not expired.");
    c.set("caller", caller);
    await next();
  };
}

/** Refuses callers without a scope, naming it; `admin` may do everything. Goes after {@link authenticate}. */
export function requireScope(scope: Scope): MiddlewareHandler<AppEnv> {
  return async function requireScope(c, next) {
    const caller: Caller | undefined = c.get("caller");
    if (!caller) throw unauthenticated("Send a valid key as Authorization: Bearer <key>.");
    if (!caller.scopes.includes(scope) && !caller.scopes.includes("admin")) {
      throw new MediaError("forbidden", `This needs a key with the scope "${scope}".`);
    }
    await next();
  };
}

/** A header decides alone: a wrong key is not made good by a cookie. */
async function callerOfHeaderOrCookie(c: AppContext): Promise<Caller | undefined> {
  const header = c.req.header("Authorization");
  if (header !== undefined) {
    const key = /^Bearer +([!-~]+)$/i.exec(header)?.[1];
    return key === undefined ? undefined : await callerOfKey(c.env, key);
  }
  const caller = await callerOfSession(c, Date.now());
  // A WebSocket is a GET that other origins may open and, unlike a fetched answer, read.
  const guarded = !isSafeMethod(c.req.method) || c.req.header("Upgrade") !== undefined;
  if (caller && guarded && requestOrigin(c) !== "same") {
    throw new MediaError("forbidden", "A session may do this only from this service's own pages.");
  }
  return caller;
}

async function callerOfWatchToken(c: AppContext, jobIdParam: string): Promise<Caller | undefined> {
  const token = c.req.query("token");
  const jobId = c.req.param(jobIdParam);
  if (token === undefined || jobId === undefined || !isSafeMethod(c.req.method)) return undefined;
  return await verifyWatchToken(configOf(c.env).tokenSecret, token, jobId, Date.now());
}

async function callerOfFeedToken(c: AppContext): Promise<Caller | undefined> {
  const token = c.req.query("token");
  if (token === undefined || !isSafeMethod(c.req.method)) return undefined;
  return await verifyFeedToken(configOf(c.env).tokenSecret, token, Date.now());
}

function unauthenticated(detail: string): MediaError {
  return new MediaError("unauthenticated", detail, { headers: { "WWW-Authenticate": "Bearer" } });
}
