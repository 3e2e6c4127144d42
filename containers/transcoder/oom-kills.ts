import { readFile } from "node:fs/promises";

/**
 * How often the kernel of this machine has killed a process for want of memory, from proc_vmstat(5); 0 where it does not
 * say. A container is a machine of its own: when a process of it was killed and this has grown, memory was why.
 */
export async function oomKills(): Promise<number> {
  const vmstat = await readFile("/proc/vmstat", "utf8").catch(() => "");
  return Number(/^oom_kill (\d+)$/m.exec(vmstat)?.[1] ?? 0);
}
