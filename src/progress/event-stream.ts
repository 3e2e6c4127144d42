/** Server-sent events (WHATWG HTML, section 9.2): the wire form, and one open stream. */
import type { WatchMessage } from "./event.ts";

/** Messages that a slow reader may lag behind before the stream is closed; it can resume where it stopped. */
const MAX_BACKLOG = 100;

export const EVENT_STREAM_HEADERS = {
  "Content-Type": "text/event-stream; charset=utf-8",
  // no-transform: a proxy that compresses would hold small events back.
  "Cache-Control": "no-cache, no-store, no-transform",
} as const;

/** One message as an event whose id is its sequence number. */
export function eventText({ type, ...data }: WatchMessage): string {
  return `id: ${data.sequence}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** The sequence number that a reconnecting client saw last, or `null`. */
export function lastEventId(request: Request): number | null {
  const value = request.headers.get("Last-Event-ID");
  return value !== null && /^\d{1,15}$/.test(value) ? Number(value) : null;
}

/** One reader. `send` and `comment` say whether it is still there. */
export interface EventStream {
  body: ReadableStream<Uint8Array>;
  /** Whether it has been told a whole snapshot. */
  greeted: boolean;
  send(message: WatchMessage): boolean;
  comment(): boolean;
  close(): void;
}

export function openEventStream(onGone: () => void): EventStream {
  const encoder = new TextEncoder();
  let open = true;
  const source: { controller?: ReadableStreamDefaultController<Uint8Array> } = {};
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      source.controller = controller;
    },
    cancel() {
      open = false;
      onGone();
    },
  });
  const close = () => {
    if (open) source.controller?.close();
    open = false;
  };
  const write = (text: string) => {
    if (open) source.controller?.enqueue(encoder.encode(text));
    if ((source.controller?.desiredSize ?? 0) < -MAX_BACKLOG) close();
    return open;
  };
  return {
    body,
    greeted: false,
    send: (message) => write(eventText(message)),
    comment: () => write(": still here\n\n"),
    close,
  };
}
