import { apply } from "../../src/client/watch.ts";
import type { ProgressSnapshot, WatchMessage } from "../../src/progress/event.ts";

/** How a job stood after one message of one connection. */
export interface Seen {
  /** From 1. */
  connection: number;
  snapshot: ProgressSnapshot;
}

interface Traced {
  /** Of the service, as it is reached now: it may come back under another address. */
  baseUrl: () => string;
  jobId: string;
  token: string;
  signal: AbortSignal;
  onSeen?: (seen: Seen) => void;
}

const RECONNECT_MS = 250;

/**
 * Follows a job over WebSocket to its last message, connecting again whenever the connection breaks. Unlike the client's
 * own `watchJob` it leaves nothing out: what is told late, twice or backward is in the trace.
 */
export async function traceJob(traced: Traced): Promise<Seen[]> {
  const trace: Seen[] = [];
  for (let connection = 1; ; connection++) {
    traced.signal.throwIfAborted();
    const before = trace.length;
    const ended = await follow(traced, connection, trace);
    if (ended) return trace;
    if (trace.length === before) connection--;
    await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS));
  }
}

/** One connection to its end; whether it was told that the job has ended. */
function follow({ baseUrl, jobId, token, onSeen }: Traced, connection: number, trace: Seen[]) {
  const address = new URL(`/v1/jobs/${jobId}/ws?token=${encodeURIComponent(token)}`, baseUrl());
  address.protocol = "ws:";
  return new Promise<boolean>((resolve) => {
    const socket = new WebSocket(address.href);
    let known: ProgressSnapshot | undefined;
    socket.addEventListener("message", ({ data }) => {
      const message = JSON.parse(String(data)) as WatchMessage;
      known = apply(known, message);
      if (!known) return;
      const seen = { connection, snapshot: known };
      trace.push(seen);
      onSeen?.(seen);
      if (message.type !== "end") return;
      socket.close();
      resolve(true);
    });
    socket.addEventListener("close", () => resolve(false));
    socket.addEventListener("error", () => resolve(false));
  });
}

/** What is wrong with a trace: progress that falls, numbers that do not rise, a whole before the end. None if nothing. */
export function faultsOf(trace: readonly Seen[]): string[] {
  return trace.flatMap(({ connection, snapshot: now }, index) => {
    const faults: string[] = [];
    const previous = trace[index - 1];
    const isLast = index === trace.length - 1;
    if ((now.progress_percentage === 100) !== isLast) faults.push(`${now.progress_percentage} % at ${index}`);
    if (!previous) return faults;
    const { snapshot: before } = previous;
    const step = now.sequence - before.sequence;
    // Whoever connects again is told how things stand: that may be what was heard last.
    if (step < 0 || (step === 0 && previous.connection === connection)) {
      faults.push(`sequence ${before.sequence} → ${now.sequence} at ${index}`);
    }
    if (now.progress_percentage < before.progress_percentage) {
      faults.push(`${before.progress_percentage} % → ${now.progress_percentage} % at ${index}`);
    }
    return faults;
  });
}
