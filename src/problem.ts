import { ERRORS, type MediaError, toMediaError } from "./errors.ts";
import { log } from "./log.ts";
import type { AppContext } from "./request-context.ts";

/**
 * Anything thrown, as an RFC 9457 problem document. Nothing internal leaves: what is not a {@link MediaError}
 * becomes `internal`, and its cause goes to the log with the request id.
 */
export function problemResponse(thrown: unknown, c: AppContext): Response {
  const error = toMediaError(thrown);
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
