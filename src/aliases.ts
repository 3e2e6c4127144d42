import { getPath } from "hono/utils/url";

/** Other names for what is posted. */
const POSTED: Record<string, string> = { "/media": "/v1/jobs", "/upload-final": "/v1/receipts" };

/** The path by which a request is routed: `/api/v1/…` is `/v1/…`, and a few routes have a second name. */
export function canonicalPath(request: Request): string {
  const path = getPath(request);
  if (path.startsWith("/api/v1/")) return path.slice("/api".length);
  return (request.method === "POST" ? POSTED[path] : undefined) ?? path;
}
