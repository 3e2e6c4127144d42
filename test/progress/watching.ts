/** What the channel's tests share: a channel of one's own, and the two ways to watch it. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { Env } from "../../src/config.ts";
import type { ProgressChannel } from "../../src/progress/channel.ts";
import type { WatchMessage } from "../../src/progress/event.ts";

type Stub = DurableObjectStub<ProgressChannel>;

let channels = 0;

/** A channel that no other test has spoken to. */
export function newChannel(): Stub {
  channels += 1;
  const namespace = (env as unknown as Env)
    .JOB_PROGRESS as unknown as DurableObjectNamespace<ProgressChannel>;
  return namespace.getByName(`channel-${channels}-${crypto.randomUUID()}`);
}

/** Puts a stand-in where the concrete channel reaches the jobs. */
export async function recoverWith(stub: Stub, recover: (task: unknown) => Promise<void>): Promise<void> {
  await runInDurableObject(stub, (channel: ProgressChannel) => {
    Object.assign(channel, { recover });
  });
}

/** A WebSocket watcher. `next` waits for the next message; `closed` for the close. */
export async function watchBySocket(stub: Stub) {
  return listen(await stub.fetch("https://darkroom.test/ws", { headers: { Upgrade: "websocket" } }));
}

/** Takes the client's end of the socket that an answer carries. */
export function listen(response: Response) {
  const socket = response.webSocket;
  if (!socket) throw new Error(`no socket: ${response.status}`);
  const inbox = openInbox<string>();
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.addEventListener("close", ({ code, reason }) => resolve({ code, reason }));
  });
  socket.addEventListener("message", ({ data }) => inbox.put(String(data)));
  socket.accept();
  return {
    socket,
    closed,
    nextText: () => inbox.take(),
    next: async () => JSON.parse(await inbox.take()) as WatchMessage,
    unread: inbox.size,
  };
}

export interface StreamEvent {
  id: number;
  event: string;
  data: Record<string, unknown>;
}

/** An event-stream watcher; comments are skipped. `next` is `null` once the stream has ended. */
export async function watchByStream(stub: Stub, lastEventId?: number) {
  const headers: HeadersInit = lastEventId === undefined ? {} : { "Last-Event-ID": String(lastEventId) };
  const response = await stub.fetch("https://darkroom.test/events", { headers });
  return readEvents(response);
}

/** Takes an answer apart into its events. */
export function readEvents(response: Response) {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const next = async (): Promise<StreamEvent | null> => {
    for (;;) {
      const end = text.indexOf("\n\n");
      if (end >= 0) {
        const block = text.slice(0, end);
        text = text.slice(end + 2);
        if (!block.startsWith(":")) return parseEvent(block);
        continue;
      }
      const chunk = await reader?.read();
      if (!chunk || chunk.done) return null;
      text += chunk.value;
    }
  };
  return { response, next, leave: () => reader?.cancel() };
}

function parseEvent(block: string): StreamEvent {
  const fields = Object.fromEntries(block.split("\n").map((line) => line.split(/: (.*)/s).slice(0, 2)));
  return { id: Number(fields.id), event: String(fields.event), data: JSON.parse(String(fields.data)) };
}

/** Values that arrive before or after somebody waits for them. */
function openInbox<T>() {
  const waiting: ((value: T) => void)[] = [];
  const values: T[] = [];
  return {
    size: () => values.length,
    put(value: T): void {
      const taker = waiting.shift();
      if (taker) taker(value);
      else values.push(value);
    },
    take(): Promise<T> {
      const value = values.shift();
      return value === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(value);
    },
  };
}
