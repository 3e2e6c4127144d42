import { mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { log } from "./log.ts";

const OWNER_FILE = "server.pid";

/** A private folder for one task, with a name that cannot collide. The caller removes it. */
export function createWorkFolder(workDir: string, attemptId: string): Promise<string> {
  return mkdtemp(join(workDir, `${attemptId}-`));
}

export function removeWorkFolder(folder: string): Promise<void> {
  return rm(folder, { recursive: true, force: true, maxRetries: 3 });
}

/**
 * Takes possession of the work folder: ends the encoders and removes the files that a server which was killed left
 * behind.
 * @throws {Error} when another server that is alive owns the folder
 */
export async function claimWorkDir(workDir: string): Promise<void> {
  await mkdir(workDir, { recursive: true, mode: 0o700 });
  await refuseLiveOwner(workDir);
  await endLeftoverProcesses(workDir);
  const leftovers = await readdir(workDir);
  for (const name of leftovers) await rm(join(workDir, name), { recursive: true, force: true });
  const folders = leftovers.filter((name) => name !== OWNER_FILE).length;
  if (folders > 0) log("swept", { folders });
  await writeFile(join(workDir, OWNER_FILE), String(process.pid));
}

async function refuseLiveOwner(workDir: string): Promise<void> {
  const owner = Number(await readFile(join(workDir, OWNER_FILE), "utf8").catch(() => "0"));
  if (!Number.isInteger(owner) || owner <= 0 || owner === process.pid) return;
  const command = await readFile(`/proc/${owner}/cmdline`, "utf8").catch(() => "");
  if (!command.includes("transcoder/server")) return;
  throw new Error(`WORK_DIR belongs to the transcoder with pid ${owner}; give each server its own.`);
}

/** An encoder runs in the folder of its task, so its working directory tells whose it is. */
async function endLeftoverProcesses(workDir: string): Promise<void> {
  const entries = await readdir("/proc").catch(() => [] as string[]);
  for (const entry of entries.filter((name) => /^\d+$/.test(name))) {
    const cwd = await readlink(`/proc/${entry}/cwd`).catch(() => "");
    if (!cwd.startsWith(`${workDir}/`)) continue;
    log("ended_leftover", { pid: Number(entry) });
    killGroup(Number(entry));
  }
}

/** Ends a process that leads its own group, and all that it started. Gone already is as good. */
export function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
