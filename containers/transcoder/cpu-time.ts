import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

const LOOK_EVERY_MS = 250;
/** Linux counts processor time in hundredths of a second for everybody who reads `/proc`. */
const TICKS_A_SECOND = 100;

interface Followed {
  folder: string;
  /** What it was seen to have used, and when that was. */
  seconds: number;
  atMs: number;
}

/** The processes that run, by pid, and what those used that have ended, by work folder. Seconds of processor time. */
const running = new Map<number, Followed>();
const ended = new Map<string, number>();
/** What the server's children had used that were waited for, of which all is told apart up to here. */
let settledSeconds = 0;

/**
 * Follows the processor time, user and system, of a process that works in a folder. Call what it gives when the process
 * has ended.
 *
 * The kernel forgets a process when it is waited for, and adds its time to that of all children of the server: so what
 * it used in its last moments is what came to that sum, as far as it can have used so much since the last look.
 */
export function followCpu(pid: number, folder: string): () => void {
  if (running.size === 0) settledSeconds = readTimes("self")?.children ?? 0;
  const followed: Followed = { folder, seconds: 0, atMs: performance.now() };
  running.set(pid, followed);
  const timer = setInterval(() => look(pid, followed), LOOK_EVERY_MS);
  return () => {
    clearInterval(timer);
    if (!running.delete(pid)) return;
    const seconds = settle(followed);
    ended.set(folder, (ended.get(folder) ?? 0) + seconds);
  };
}

/** What the processes of a folder have used so far, s; undefined where there was none, or the kernel does not tell. */
export function cpuSecondsIn(folder: string): number | undefined {
  let seconds = ended.get(folder);
  for (const [pid, followed] of running) {
    if (followed.folder !== folder) continue;
    look(pid, followed);
    seconds = (seconds ?? 0) + followed.seconds;
  }
  return seconds === undefined ? undefined : Math.round(seconds * TICKS_A_SECOND) / TICKS_A_SECOND;
}

/** As {@link cpuSecondsIn}, and forgets it. */
export function takeCpuSeconds(folder: string): number | undefined {
  const seconds = cpuSecondsIn(folder);
  ended.delete(folder);
  return seconds;
}

function look(pid: number, followed: Followed): void {
  const own = readTimes(pid)?.own;
  if (own === undefined) return;
  followed.seconds = Math.max(followed.seconds, own);
  followed.atMs = performance.now();
}

/** What a process that has just ended used in all, s. Several may have ended at once: each gets what it can have used. */
function settle({ seconds, atMs }: Followed): number {
  const unsettled = (readTimes("self")?.children ?? 0) - settledSeconds;
  const atMost = seconds + ((performance.now() - atMs) / 1000) * availableParallelism();
  const used = Math.max(seconds, Math.min(unsettled, atMost));
  settledSeconds += used;
  return used;
}

/**
 * proc(5): the name in parentheses may hold anything; the 12th to 15th fields behind it are utime, stime, and those of
 * the children that were waited for. Read at once: what ends in between would be counted twice.
 */
function readTimes(pid: number | "self"): { own: number; children: number } | undefined {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
    const seconds = (at: number) => Number(fields[at]) / TICKS_A_SECOND;
    const children = seconds(13) + seconds(14);
    return { own: seconds(11) + seconds(12) + children, children };
  } catch {
    return undefined;
  }
}
