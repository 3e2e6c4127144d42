import { readFile } from "node:fs/promises";

/** Share of a core below which a process is waiting, not working. */
const IDLE_SHARE = 0.02;
/** Linux counts processor time in hundredths of a second for everybody who reads `/proc`. */
const TICKS_A_SECOND = 100;
/** Looks within the time after which a process counts as standing still. */
const LOOKS = 4;
/** A process that computes but gets nowhere is given so many times as long. */
const BUSY_FACTOR = 10;

interface WatchedProcess {
  pid: number;
  /** A process that has neither worked nor come further for so long stands still. */
  stallMs: number;
  /** Whether it tells how far it has come; then computing alone is not enough for ever. */
  tellsProgress: boolean;
  onStall: (silentMs: number) => void;
}

export interface StallWatch {
  /** It has come further. */
  moved: () => void;
  stop: () => void;
}

/**
 * Notices a process that hangs: stopped, waiting for an answer that never comes, or in an endless loop. Signs of life
 * are progress and processor time: an encoder that is merely slow uses all it can get.
 */
export function watchForStall({ pid, stallMs, tellsProgress, onStall }: WatchedProcess): StallWatch {
  const everyMs = stallMs / LOOKS;
  let movedAt = performance.now();
  let aliveAt = movedAt;
  let ticks = 0;

  async function look(): Promise<void> {
    const now = performance.now();
    const used = (await processorTicks(pid)) - ticks;
    ticks += used;
    if (used >= (IDLE_SHARE * TICKS_A_SECOND * everyMs) / 1000) aliveAt = now;
    const isIdle = now - Math.max(aliveAt, movedAt) >= stallMs;
    const isLost = tellsProgress && now - movedAt >= stallMs * BUSY_FACTOR;
    if (isIdle || isLost) onStall(now - movedAt);
  }

  const timer = setInterval(() => void look(), everyMs);
  return {
    moved: () => {
      movedAt = performance.now();
    },
    stop: () => clearInterval(timer),
  };
}

/** Processor time of a process with all its threads, so far; 0 when it is gone. proc(5): utime and stime. */
async function processorTicks(pid: number): Promise<number> {
  const line = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
}
