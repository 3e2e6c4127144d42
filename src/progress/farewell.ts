import type { ProgressSnapshot, WatchMessage } from "./event.ts";
import { EVENT_STREAM_HEADERS, eventText, lastEventId } from "./event-stream.ts";

/** What a watcher is told who comes after the end. */
export function farewell(snapshot: ProgressSnapshot): WatchMessage[] {
  return [
    { type: "snapshot", ...snapshot },
    { type: "end", ...snapshot },
  ];
}

export function hasEnded(snapshot: ProgressSnapshot): boolean {
  return snapshot.status !== "pending" && snapshot.status !== "processing";
}

/** The reason of the close frame (RFC 6455 allows 123 bytes). */
export function closeReason(snapshot: ProgressSnapshot): string {
  return `job ${snapshot.status}`;
}

export function wantsWebSocket(request: Request): boolean {
  return request.headers.get("Upgrade")?.toLowerCase() === "websocket";
}

/**
 * The whole answer to a watcher of a job that ended so long ago that its channel is empty: the snapshot, the end and
 * the close, as WebSocket or server-sent events, whichever was asked for.
 */
export function farewellResponse(request: Request, snapshot: ProgressSnapshot): Response {
  const messages = farewell(snapshot);
  if (!wantsWebSocket(request)) {
    // EventSource comes back after every close until it is answered 204.
    if (lastEventId(request) === snapshot.sequence) return new Response(null, { status: 204 });
    return new Response(messages.map(eventText).join(""), { headers: EVENT_STREAM_HEADERS });
  }
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  for (const message of messages) server.send(JSON.stringify(message));
  server.close(1000, closeReason(snapshot));
  return new Response(null, { status: 101, webSocket: client });
}
