import { createMiddleware } from "hono/factory";
import type { AppEnv } from "../request-context.ts";

/** Everything the page needs is on its own origin; `blob:` is how Media Source plays and how chosen files are shown. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob:",
  "media-src 'self' blob:",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** The policy of an HTML page, on top of the headers that every answer has. It is never cached: it says who is signed in. */
export function pageHeaders() {
  return createMiddleware<AppEnv>(async function pageHeaders(c, next) {
    await next();
    c.header("Content-Security-Policy", CONTENT_SECURITY_POLICY);
    c.header("Cache-Control", "no-store");
  });
}
