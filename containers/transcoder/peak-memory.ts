import { readFile } from "node:fs/promises";

const LOOK_EVERY_MS = 250;
/** Looks at one that may soon be over; before the first of them it is not yet the program that it will be. */
const EARLY_LOOKS_MS = [20, 60, 120];

/** The most that any process of each work folder has held, bytes. */
const peaks = new Map<string, number>();

/** Told when a process holds more than it may. */
interface MemoryBound {
  maxBytes?: number;
  onBeyond: () => void;
}

/**
 * Follows the high-water mark of a process that works in a folder, until it is told to stop. The kernel keeps the mark,
 * so a look now and then misses only what a process gained in its last moments; one of a few moments has no mark at all.
 */
export function followPeak(pid: number, folder: string, bound?: MemoryBound): () => void {
  const look = async () => {
    const bytes = await highWaterOf(pid);
    if (bytes === undefined) return;
    peaks.set(folder, Math.max(peaks.get(folder) ?? 0, bytes));
    if (bound?.maxBytes !== undefined && bytes > bound.maxBytes) bound.onBeyond();
  };
  const early = EARLY_LOOKS_MS.map((afterMs) => setTimeout(look, afterMs));
  const timer = setInterval(look, LOOK_EVERY_MS);
  return () => {
    for (const timeout of early) clearTimeout(timeout);
    clearInterval(timer);
  };
}

/** What was seen in a folder, and forgets it; undefined where the kernel does not tell. */
export function takePeak(folder: string): number | undefined {
  const bytes = peaks.get(folder);
  peaks.delete(folder);
  return bytes;
}

/** proc(5): `VmHWM`, in kB. A process that has ended has none. */
async function highWaterOf(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}
