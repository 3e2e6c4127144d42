import { readFile, statfs } from "node:fs/promises";
import { cpus, freemem, totalmem } from "node:os";

/** Bytes in use, of bytes that there are. */
export interface Fill {
  usedBytes: number;
  totalBytes: number;
}

export function shareOf({ usedBytes, totalBytes }: Fill): number {
  return totalBytes === 0 ? 0 : usedBytes / totalBytes;
}

/** Memory of the container where it has a limit of its own (cgroup v2), else of the machine; caches do not count. */
export async function memoryFill(): Promise<Fill> {
  const [max, current, stat] = await Promise.all(
    ["memory.max", "memory.current", "memory.stat"].map((name) =>
      readFile(`/sys/fs/cgroup/${name}`, "utf8").catch(() => ""),
    ),
  );
  const totalBytes = Number(max?.trim() || Number.NaN);
  if (Number.isFinite(totalBytes)) {
    const cached = Number(/^inactive_file (\d+)$/m.exec(stat ?? "")?.[1] ?? 0);
    return { usedBytes: Math.max(0, Number(current) - cached), totalBytes };
  }
  const meminfo = await readFile("/proc/meminfo", "utf8").catch(() => "");
  const availableKib = Number(/^MemAvailable:\s+(\d+) kB$/m.exec(meminfo)?.[1] ?? freemem() / 1024);
  return { usedBytes: totalmem() - availableKib * 1024, totalBytes: totalmem() };
}

/** The disk that a folder lies on, as far as an ordinary user may fill it. */
export async function diskFill(folder: string): Promise<Fill> {
  const { bavail, bfree, blocks, bsize } = await statfs(folder);
  const usedBytes = (blocks - bfree) * bsize;
  return { usedBytes, totalBytes: usedBytes + bavail * bsize };
}

/** Gives the share of all cores that was busy since it was asked last, percent. */
export function createProcessorMeter(): () => number {
  let before = coreTimes();
  return () => {
    const now = coreTimes();
    const total = now.total - before.total;
    const idle = now.idle - before.idle;
    before = now;
    return total <= 0 ? 0 : Math.round((1 - idle / total) * 100);
  };
}

function coreTimes(): { idle: number; total: number } {
  const times = cpus().map((core) => core.times);
  return {
    idle: times.reduce((sum, { idle }) => sum + idle, 0),
    total: times.reduce((sum, { idle, user, nice, sys, irq }) => sum + idle + user + nice + sys + irq, 0),
  };
}
