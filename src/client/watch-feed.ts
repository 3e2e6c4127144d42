import type { FeedEvent, FeedMessage } from "../progress/feed-message.ts";

const RECONNECT_MS = [250, 1_000, 2_000, 4_000, 8_000];

/** What to follow: everything, or some jobs and media. */
export interface FeedSubjects {
  all?: true;
  jobs?: string[];
  media?: string[];
  batches?: string[];
}

export interface FeedSource {
  /** Address of the feed with a fresh token in it. */
  address: () => Promise<string>;
  subjects: FeedSubjects;
  onEvent: (event: FeedEvent) => void;
  /** Ids that do not exist, or are another owner's. */
  onUnknown: (ids: string[]) => void;
  signal: AbortSignal;
}

/**
 * Follows a feed until aborted, connecting again after a loss with growing pauses; every connection begins with how
 * things stand. Rejects when the service gives out no token any more, or does not accept the subscription.
 */
export async function watchFeed(source: FeedSource): Promise<void> {
  for (let failures = 0; !source.signal.aborted; ) {
    const heard = await follow(await source.address(), source);
    failures = heard ? 0 : Math.min(failures + 1, RECONNECT_MS.length - 1);
    await pause(RECONNECT_MS[failures] ?? 0, source.signal);
  }
}

/** One connection to its end; whether anything was heard on it. */
function follow(address: string, source: FeedSource): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(address);
    let heard = false;
    const close = () => socket.close();
    const leave = () => {
      source.signal.removeEventListener("abort", close);
      resolve(heard);
    };
    source.signal.addEventListener("abort", close, { once: true });
    socket.addEventListener("open", () =>
      socket.send(JSON.stringify({ type: "subscribe", ...source.subjects })),
    );
    socket.addEventListener("message", ({ data }) => {
      if (typeof data !== "string" || !data.startsWith("{")) return;
      const message = JSON.parse(data) as FeedMessage;
      if (message.type === "error") {
        reject(new Error(message.message));
        return socket.close();
      }
      heard = true;
      if (message.type === "subscribed" && message.unknown.length > 0) source.onUnknown(message.unknown);
      if (message.type === "snapshot" || message.type === "events") message.events.forEach(source.onEvent);
    });
    socket.addEventListener("close", leave);
    socket.addEventListener("error", leave);
  });
}

/** Ends early, and without complaint, when aborted. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done, { once: true });
  });
}
