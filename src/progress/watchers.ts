/** Everyone who watches one job: WebSockets that survive hibernation, and event streams that live in memory. */
import { LIMITS } from "../config.ts";
import type { ProgressSnapshot, WatchMessage } from "./event.ts";
import { EVENT_STREAM_HEADERS, type EventStream, lastEventId, openEventStream } from "./event-stream.ts";
import { closeReason, farewell, hasEnded } from "./farewell.ts";
import { messagesSince } from "./sent-log.ts";

const KEEP_ALIVE_MS = 15_000;

/** What a socket remembers through hibernation. */
interface Attached {
  /** It holds a whole snapshot, so that updates make sense to it. */
  greeted: boolean;
  /** Characters that it was sent so far. */
  sent: number;
}

export interface Watchers {
  /** Takes in a WebSocket, or answers 429. `told` is what the others were told last, `null` when nothing was yet. */
  openSocket(told: ProgressSnapshot | null): Response;
  /** Takes in an event stream, or answers 429. It goes on from `Last-Event-ID` where that is still kept. */
  openStream(request: Request, told: ProgressSnapshot | null): Response;
  /** Tells everyone; who holds nothing yet is sent the `whole` snapshot instead. After an `end` nobody is left. */
  tell(message: WatchMessage, whole: ProgressSnapshot): void;
  /** Sends everyone away. */
  dismiss(reason: string): void;
}

export function watchersOf(ctx: DurableObjectState): Watchers {
  const streams = new Set<EventStream>();
  let keepAlive: ReturnType<typeof setInterval> | undefined;
  ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));

  function isFull(): boolean {
    return ctx.getWebSockets().length + streams.size >= LIMITS.maxWatchersPerJob;
  }

  function join(stream: EventStream): void {
    streams.add(stream);
    keepAlive ??= setInterval(() => {
      for (const each of streams) if (!each.comment()) leave(each);
    }, KEEP_ALIVE_MS);
  }

  function leave(stream: EventStream): void {
    stream.close();
    streams.delete(stream);
    if (streams.size > 0) return;
    clearInterval(keepAlive);
    keepAlive = undefined;
  }

  function tellStream(stream: EventStream, message: WatchMessage, whole: ProgressSnapshot): void {
    const messages = stream.greeted ? [message] : greeting(whole);
    stream.greeted = true;
    const there = messages.every((each) => stream.send(each));
    if (!there || message.type === "end") leave(stream);
  }

  return {
    openSocket(told) {
      if (isFull()) return refusal();
      const { 0: client, 1: server } = new WebSocketPair();
      ctx.acceptWebSocket(server);
      if (told) tellSocket(server, latest(told), told);
      return new Response(null, { status: 101, webSocket: client });
    },
    openStream(request, told) {
      const seen = lastEventId(request);
      // A client that reconnects after the end has it already: 204 is how EventSource is told to stay away.
      if (told && hasEnded(told) && seen === told.sequence) return new Response(null, { status: 204 });
      if (isFull()) return refusal();
      const stream = openEventStream(() => leave(stream));
      join(stream);
      // Sends the headers on their way when there is nothing to tell yet.
      stream.comment();
      const missed = told && seen !== null && messagesSince(ctx.storage.sql, seen, told.sequence);
      stream.greeted = Boolean(missed);
      if (told) for (const message of missed || [latest(told)]) tellStream(stream, message, told);
      return new Response(stream.body, { headers: EVENT_STREAM_HEADERS });
    },
    tell(message, whole) {
      for (const socket of ctx.getWebSockets()) tellSocket(socket, message, whole);
      for (const stream of streams) tellStream(stream, message, whole);
    },
    dismiss(reason) {
      for (const socket of ctx.getWebSockets()) socket.close(1001, reason);
      for (const stream of streams) leave(stream);
    },
  };
}

function tellSocket(socket: WebSocket, message: WatchMessage, whole: ProgressSnapshot): void {
  // One that was closed stays in the list until its peer has answered.
  if (socket.readyState !== WebSocket.OPEN) return;
  const { greeted, sent }: Attached = socket.deserializeAttachment() ?? { greeted: false, sent: 0 };
  const texts = (greeted ? [message] : greeting(whole)).map((each) => JSON.stringify(each));
  for (const text of texts) socket.send(text);
  const total = texts.reduce((sum, text) => sum + text.length, sent);
  socket.serializeAttachment({ greeted: true, sent: total } satisfies Attached);
  if (message.type === "end") socket.close(1000, closeReason(whole));
  else if (total > LIMITS.maxSocketBytes) socket.close(1013, "connect again to go on");
}

function refusal(): Response {
  return new Response(`${LIMITS.maxWatchersPerJob} watch this job already, which is the most.`, {
    status: 429,
  });
}

/** The newest message, for somebody who comes just now. */
function latest(told: ProgressSnapshot): WatchMessage {
  return hasEnded(told) ? { type: "end", ...told } : { type: "snapshot", ...told };
}

/** What somebody who holds nothing yet is sent: the snapshot, and the end if the job has ended. */
function greeting(whole: ProgressSnapshot): WatchMessage[] {
  return hasEnded(whole) ? farewell(whole) : [{ type: "snapshot", ...whole }];
}
