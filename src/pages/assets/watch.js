import { call } from "./api.js";

const RECONNECT_MS = [250, 1_000, 2_000, 4_000];
const POLL_MS = 1_000;
const ENDED = new Set(["completed", "failed", "cancelled"]);

/**
 * Follows a job until it has ended: over WebSocket, and by polling when that cannot be reached. `onProgress` gets
 * whole snapshots, never an older one after a newer. Resolves without a word when `signal` aborts.
 */
export async function watch(jobId, onProgress, signal) {
  let newest = -1;
  const report = (snapshot) => {
    if (signal.aborted || snapshot.sequence <= newest) return;
    newest = snapshot.sequence;
    onProgress(snapshot);
  };
  for (let failures = 0; failures < RECONNECT_MS.length && !signal.aborted; ) {
    const { heard, ended } = await follow(jobId, report, signal);
    if (ended) return;
    failures = heard ? 0 : failures + 1;
    await pause(RECONNECT_MS[failures] ?? POLL_MS);
  }
  while (!signal.aborted) {
    const snapshot = await call(`/v1/jobs/${jobId}/progress`);
    report(snapshot);
    if (ENDED.has(snapshot.status)) return;
    await pause(POLL_MS);
  }
}

function follow(jobId, report, signal) {
  return new Promise((resolve) => {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/v1/jobs/${jobId}/ws`);
    const session = { heard: false, ended: false };
    let known = {};
    signal.addEventListener("abort", () => socket.close(), { once: true });
    socket.addEventListener("close", () => resolve(session));
    socket.addEventListener("message", ({ data }) => {
      if (!data.startsWith("{")) return;
      const { type, ...fields } = JSON.parse(data);
      session.heard = true;
      known = type === "update" ? { ...known, ...fields } : fields;
      report(known);
      if (type !== "end") return;
      session.ended = true;
      socket.close();
      resolve(session);
    });
  });
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
