import { HTTPException } from "hono/http-exception";
import { ERRORS, MediaError, toMediaError } from "./errors.ts";
import { log } from "./log.ts";
import type { AppContext } from "./request-context.ts";

/**
 * Anything thrown, as an RFC 9457 problem document. Nothing internal leaves: what is not a {@link MediaError}
 * becomes `internal`, and its cause goes to the log with the request id.
 */
export function problemResponse(thrown: unknown, c: AppContext): Response {
  const error = thrown instanceof HTTPException ? refusalOf(thrown) : toMediaError(thrown);
  const requestId = c.get("requestId");
  if (error.status >= 500) {
    log("error", "api", "request_failed", {
      request_id: requestId,
      code: error.code,
      path: c.req.path,
      detail: error.privateDetail ?? error.message,
    });
  }
  const body = { ...problemDocument(error), instance: c.req.path, request_id: requestId };
  return new Response(c.req.method === "HEAD" ? null : JSON.stringify(body), {
    status: error.status,
    headers: {
      "Content-Type": "application/problem+json",
      "Cache-Control": "no-store",
      ...error.headers,
    },
  });
}

/** What the framework refuses before a handler runs: a body that is not what its Content-Type says. */
function refusalOf(thrown: HTTPException): MediaError {
  if (thrown.status === 400)
    return new MediaError("malformed_json", `${thrown.message || "The body cannot be read"}.`);
  if (thrown.status === 413) return new MediaError("payload_too_large", "The body is too large.");
  if (thrown.status === 415) return new MediaError("unsupported_content_type", thrown.message);
  return toMediaError(thrown);
}

/** The part of a problem document that does not depend on the request. */
export function problemDocument(error: MediaError) {
  return {
    type: `/problems/${error.code}`,
    title: ERRORS[error.code].title,
    status: error.status,
    detail: error.message,
    timestamp: new Date().toISOString(),
    suggested_action: ERRORS[error.code].action,
    ...(error.errors.length > 0 && { errors: error.errors }),
  };
}
