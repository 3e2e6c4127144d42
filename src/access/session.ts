/** The browser's session: an HttpOnly cookie that holds a signed key id, never a key. */
import type { Context } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import type { CookieOptions } from "hono/utils/cookie";
import { z } from "zod";
import { configOf, type Env, LIMITS } from "../config.ts";
import type { AppContext, Caller } from "../request-context.ts";
import { callerOfKeyId } from "./caller.ts";
import { signToken, verifyToken } from "./token.ts";

const COOKIE = "darkroom_session";

const sessionClaims = z.strictObject({ keyId: z.string() });

/** Sets the cookie for a caller who showed a key, for `LIMITS.sessionMs`. */
export async function openSession(c: AppContext, caller: Caller, nowMs: number): Promise<void> {
  const expiresAtMs = nowMs + LIMITS.sessionMs;
  const token = await signToken(sessionSecret(c.env), "session", { keyId: caller.keyId }, expiresAtMs);
  setCookie(c, COOKIE, token, { ...cookieOptions(c), maxAge: LIMITS.sessionMs / 1000 });
}

export function closeSession(c: AppContext): void {
  deleteCookie(c, COOKIE, cookieOptions(c));
}

/** Whose session the request carries, or `undefined`. The key is looked up again, so revoking it ends the session. */
export async function callerOfSession(c: AppContext, nowMs: number): Promise<Caller | undefined> {
  const token = isSecure(c) ? getCookie(c, COOKIE, "host") : getCookie(c, COOKIE);
  if (token === undefined) return undefined;
  const claims = sessionClaims.safeParse(await verifyToken(sessionSecret(c.env), "session", token, nowMs));
  const caller = claims.success ? await callerOfKeyId(c.env, claims.data.keyId) : undefined;
  return caller && { ...caller, viaSession: true };
}

/** A new bootstrap key ends all sessions: those that the old one opened cannot be told apart by id. */
function sessionSecret(env: Env): string {
  const { tokenSecret, bootstrapAdminKey = "" } = configOf(env);
  return `${tokenSecret}\n${bootstrapAdminKey}`;
}

/** `__Host-` (RFC 6265bis, section 4.1.3.2) keeps sibling hosts from planting a cookie; it needs https. */
function cookieOptions(c: Context): CookieOptions {
  const common: CookieOptions = { path: "/", httpOnly: true, sameSite: "Strict" };
  return isSecure(c) ? { ...common, secure: true, prefix: "host" } : common;
}

function isSecure(c: Context): boolean {
  return new URL(c.req.url).protocol === "https:";
}
