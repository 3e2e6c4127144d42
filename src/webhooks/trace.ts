import { hexOf } from "../digest.ts";
import type { EventRow } from "./event.ts";

/** Crockford's base32, as ULIDs are written. */
const BASE32 = "0123456789abcdefghjkmnpqrstvwxyz";

/**
 * The trace context (W3C) of one request about an event: a span of its own in the trace that the job came with, or in
 * one that is the event's own, so that all its attempts are found together.
 */
export function childOf(
  event: Pick<EventRow, "id" | "traceparent">,
  span: Uint8Array<ArrayBuffer> = crypto.getRandomValues(new Uint8Array(8)),
): string {
  const [, traceId = traceIdOf(event.id), , flags = "01"] = event.traceparent?.split("-") ?? [];
  return `00-${traceId}-${hexOf(span.buffer)}-${flags}`;
}

/** A ULID is 128 bits, just as a trace id. */
function traceIdOf(eventId: string): string {
  const ulid = eventId.slice(eventId.indexOf("_") + 1);
  const value = Array.from(ulid).reduce((sum, digit) => sum * 32n + BigInt(BASE32.indexOf(digit)), 0n);
  return value.toString(16).padStart(32, "0");
}
