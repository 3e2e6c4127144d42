import type { MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import { configOf } from "../config.ts";
import type { AppEnv } from "../request-context.ts";

/**
 * Which pages of other sites may read an answer. The API's: pages of the origins that are configured, each told so by name.
 * An image's: any, as nobody is asked who they are to see it. What it says is then the same for all, so that caches keep
 * one copy and not one for each origin (https://fetch.spec.whatwg.org/#cors-protocol-and-http-caches).
 */
export function allowOrigins(): MiddlewareHandler<AppEnv> {
  const api = cors({
    origin: (origin, c) => (configOf(c.env).corsOrigins.includes(origin) ? origin : null),
    exposeHeaders: [
      "Location",
      "Link",
      "ETag",
      "Retry-After",
      "RateLimit",
      "RateLimit-Policy",
      "X-Request-Id",
      "Idempotent-Replayed",
    ],
    maxAge: 86_400,
  });
  const images = cors({
    origin: "*",
    allowMethods: ["GET", "HEAD"],
    exposeHeaders: ["ETag", "Retry-After", "Server-Timing", "X-Image-Note", "X-Request-Id"],
    maxAge: 86_400,
  });
  return async function allowOrigin(c, next) {
    const { mount } = configOf(c.env).imageUrl;
    const mounts = ["/img/", "/iiif/", ...(mount === "" ? [] : [`${mount}/`])];
    const isImage = mounts.some((prefix) => c.req.path.startsWith(prefix));
    return await (isImage ? images : api)(c, next);
  };
}
