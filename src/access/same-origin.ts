/**
 * Protection against cross-site request forgery by what browsers say of where a request comes from. Hono's `csrf`
 * looks only at the content types that HTML forms can send; a session here vouches for no write of any type that
 * does not come from our own pages.
 */
import type { Context } from "hono";

/** `unknown`: neither header was sent; every current browser sends one of them with a write. */
export type RequestOrigin = "same" | "other" | "unknown";

/** Where a request comes from: Fetch Metadata when it is there, else the `Origin` header. */
export function requestOrigin(c: Context): RequestOrigin {
  const site = c.req.header("Sec-Fetch-Site");
  if (site !== undefined) return site === "same-origin" ? "same" : "other";
  const origin = c.req.header("Origin");
  if (origin !== undefined) return origin === new URL(c.req.url).origin ? "same" : "other";
  return "unknown";
}

/** Methods that change nothing (RFC 9110, section 9.2.1). */
export function isSafeMethod(method: string): boolean {
  return method === "GET" || method === "HEAD" || method === "OPTIONS";
}
