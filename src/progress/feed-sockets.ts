/** The sockets of one feed: they hibernate, and carry their name and what they were sent so far. */
import { LIMITS } from "../config.ts";
import type { FeedMessage } from "./feed-message.ts";

interface Attached {
  name: string;
  /** Characters sent so far. */
  sent: number;
  /** Messages in a row that made no sense. */
  malformed: number;
}

const MAX_MALFORMED = 20;

/** Takes in a WebSocket, or answers 429 when this owner has as many as may be. */
export function openFeedSocket(ctx: DurableObjectState): Response {
  if (ctx.getWebSockets().length >= LIMITS.maxFeedSockets) {
    return new Response(`${LIMITS.maxFeedSockets} follow this feed already, which is the most.`, {
      status: 429,
    });
  }
  const { 0: client, 1: server } = new WebSocketPair();
  const name = crypto.randomUUID();
  ctx.acceptWebSocket(server, [name]);
  server.serializeAttachment({ name, sent: 0, malformed: 0 } satisfies Attached);
  return new Response(null, { status: 101, webSocket: client });
}

export function socketNamed(socket: WebSocket): string {
  return attachedTo(socket).name;
}

/** Sends a message; a socket that was sent its share, or does not make sense for long, is closed. */
export function say(socket: WebSocket, message: FeedMessage): void {
  if (socket.readyState !== WebSocket.OPEN) return;
  const text = JSON.stringify(message);
  socket.send(text);
  const before = attachedTo(socket);
  const isMalformed = message.type === "error" && message.code === "malformed_message";
  const now: Attached = {
    name: before.name,
    sent: before.sent + text.length,
    malformed: isMalformed ? before.malformed + 1 : 0,
  };
  socket.serializeAttachment(now);
  if (now.malformed >= MAX_MALFORMED) socket.close(1008, "too many messages that make no sense");
  else if (now.sent > LIMITS.maxSocketBytes) socket.close(1013, "connect again to go on");
}

/** Answers a close; one that is closed already, or was never open, stays as it is. */
export function closeFeedSocket(socket: WebSocket): void {
  if (socket.readyState === WebSocket.OPEN || socket.readyState === WebSocket.CLOSING) {
    socket.close(1000, "goodbye");
  }
}

function attachedTo(socket: WebSocket): Attached {
  return socket.deserializeAttachment() as Attached;
}
