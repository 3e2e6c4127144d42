import type { ProgressSnapshot, WatchMessage } from "../progress/event.ts";

const RECONNECT_MS = [250, 1_000, 2_000, 4_000];
const POLL_MS = 1_000;
const ENDED = new Set(["completed", "failed", "cancelled"]);

export interface WatchSource {
  /** Address of the WebSocket, with its token. Undefined: poll only. */
  socketUrl: string | undefined;
  /** Reads the current snapshot over HTTP. */
  poll: () => Promise<ProgressSnapshot>;
  onProgress: (snapshot: ProgressSnapshot) => void;
  signal: AbortSignal | undefined;
}

/**
 * Follows a job until it has ended: over WebSocket, connecting again after a loss with growing pauses, and by
 * polling once a second when it cannot be reached at all. Progress is never reported backward. Rejects with the
 * signal's reason when aborted, and with what polling throws.
 */
export async function watch(source: WatchSource): Promise<ProgressSnapshot> {
  const report = forwardOnly(source.onProgress);
  for (let failures = 0; source.socketUrl !== undefined && failures < RECONNECT_MS.length; ) {
    source.signal?.throwIfAborted();
    const session = await follow(source.socketUrl, report, source.signal);
    if (session.ended) return session.ended;
    failures = session.heard ? 0 : failures + 1;
    await pause(RECONNECT_MS[failures] ?? POLL_MS, source.signal);
  }
  for (;;) {
    const snapshot = await source.poll();
    report(snapshot);
    if (ENDED.has(snapshot.status)) return snapshot;
    await pause(POLL_MS, source.signal);
  }
}

/** What one connection brought: whether anything was heard, and the last snapshot when the job ended on it. */
interface Session {
  heard: boolean;
  ended: ProgressSnapshot | undefined;
}

function follow(
  url: string,
  report: (snapshot: ProgressSnapshot) => void,
  signal: AbortSignal | undefined,
): Promise<Session> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    const session: Session = { heard: false, ended: undefined };
    let known: ProgressSnapshot | undefined;
    const abort = () => {
      socket.close();
      reject(signal?.reason);
    };
    const leave = () => {
      signal?.removeEventListener("abort", abort);
      resolve(session);
    };
    signal?.addEventListener("abort", abort, { once: true });
    socket.addEventListener("message", ({ data }) => {
      const message = messageIn(data);
      if (!message) return;
      session.heard = true;
      known = apply(known, message);
      if (known) report(known);
      if (message.type !== "end" || !known) return;
      session.ended = known;
      socket.close();
      leave();
    });
    socket.addEventListener("close", leave);
    socket.addEventListener("error", leave);
  });
}

/** A message of ours, or undefined for a `pong` and the like. */
function messageIn(data: unknown): WatchMessage | undefined {
  if (typeof data !== "string" || !data.startsWith("{")) return undefined;
  return JSON.parse(data) as WatchMessage;
}

/**
 * The snapshot after a message. A `snapshot` and an `end` are whole; an `update` carries what changed, and of the
 * tasks only those that did.
 */
export function apply(
  known: ProgressSnapshot | undefined,
  message: WatchMessage,
): ProgressSnapshot | undefined {
  const { type, ...fields } = message;
  if (type !== "update") return fields as ProgressSnapshot;
  if (!known) return undefined;
  const tasks = new Map(known.tasks.map((task) => [task.task_id, task]));
  for (const task of fields.tasks ?? []) tasks.set(task.task_id, task);
  return { ...known, ...fields, tasks: [...tasks.values()] };
}

/** Passes a snapshot on unless it is older than one that was passed on before. */
function forwardOnly(onProgress: (snapshot: ProgressSnapshot) => void) {
  let newest = -1;
  return (snapshot: ProgressSnapshot) => {
    if (snapshot.sequence <= newest) return;
    newest = snapshot.sequence;
    onProgress(snapshot);
  };
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", abort, { once: true });
  });
}
