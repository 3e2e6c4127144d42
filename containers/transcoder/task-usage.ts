import { readdir, readFile, readlink, stat } from "node:fs/promises";
import { join } from "node:path";
import type { TaskEvent } from "../../src/video/protocol.ts";
import { cpuSecondsIn } from "./cpu-time.ts";

/** Linux counts processor time in hundredths of a second for everybody who reads `/proc`. */
const TICKS_A_SECOND = 100;
const PAGE_BYTES = 4_096;

type Heartbeat = Extract<TaskEvent, { type: "heartbeat" }>;

/**
 * Measures what one task uses from one heartbeat to the next: the memory and processor time of the processes that run
 * in its work folder, and the bytes that lie there. What cannot be read is left out.
 */
export function createUsageMeter(workDir: string, attemptId: string): () => Promise<Heartbeat> {
  let before = { atMs: performance.now(), cpuSeconds: 0 };
  return async () => {
    const folder = await folderOf(workDir, attemptId);
    if (folder === undefined) return { type: "heartbeat" };
    const [{ rssBytes, cpuSeconds }, tempBytes] = await Promise.all([processesIn(folder), bytesIn(folder)]);
    const now = { atMs: performance.now(), cpuSeconds };
    // A task of several commands starts to count anew with each of them.
    const spent = Math.max(0, now.cpuSeconds - before.cpuSeconds);
    const cpuPercent = Math.round((spent / Math.max(1, now.atMs - before.atMs)) * 100_000);
    before = now;
    const total = cpuSecondsIn(folder);
    return {
      type: "heartbeat",
      rssBytes,
      cpuPercent,
      tempBytes,
      ...(total !== undefined && { cpuSeconds: total }),
    };
  };
}

/** The folder of an attempt: its id and a suffix that cannot be known. */
async function folderOf(workDir: string, attemptId: string): Promise<string | undefined> {
  const names = await readdir(workDir).catch(() => [] as string[]);
  const name = names.find((each) => each.startsWith(`${attemptId}-`));
  return name && join(workDir, name);
}

async function processesIn(folder: string): Promise<{ rssBytes: number; cpuSeconds: number }> {
  const entries = (await readdir("/proc").catch(() => [] as string[])).filter((name) => /^\d+$/.test(name));
  const used = await Promise.all(entries.map((pid) => processIn(folder, pid)));
  return {
    rssBytes: used.reduce((sum, each) => sum + each.rssBytes, 0),
    cpuSeconds: used.reduce((sum, each) => sum + each.cpuSeconds, 0),
  };
}

/** A process that has ended in the meantime uses nothing. */
async function processIn(folder: string, pid: string): Promise<{ rssBytes: number; cpuSeconds: number }> {
  try {
    if ((await readlink(`/proc/${pid}/cwd`)) !== folder) return { rssBytes: 0, cpuSeconds: 0 };
    // proc(5): the name in parentheses may hold anything; utime and stime are the 12th and 13th fields behind it.
    const line = await readFile(`/proc/${pid}/stat`, "utf8");
    const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
    return {
      rssBytes: Number(fields[21]) * PAGE_BYTES,
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND,
    };
  } catch {
    return { rssBytes: 0, cpuSeconds: 0 };
  }
}

async function bytesIn(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true }).catch(() => [] as string[]);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        (file) => (file.isFile() ? file.size : 0),
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
