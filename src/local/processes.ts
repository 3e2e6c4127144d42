import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream, existsSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";

export interface Child {
  name: string;
  pid: number;
  logPath: string;
  /** Resolves when the process has ended. */
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  isRunning: () => boolean;
}

interface ChildOptions {
  name: string;
  command: string;
  args: string[];
  cwd: string;
  env: Record<string, string>;
  logPath: string;
  onLine?: (line: string) => void;
}

/**
 * Starts a program as the leader of its own process group, so that {@link stopChild} reaches everything it starts.
 * What it prints goes to `logPath`; lines of its standard output also go to `onLine`.
 */
export function startChild(options: ChildOptions): Child {
  const child = spawn(options.command, options.args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const log = createWriteStream(options.logPath, { flags: "a" });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  child.once("close", () => log.end());
  if (options.onLine) createInterface({ input: child.stdout }).on("line", options.onLine);
  return {
    name: options.name,
    pid: child.pid ?? -1,
    logPath: options.logPath,
    ended: endOf(child),
    isRunning: () => child.pid !== undefined && child.exitCode === null && child.signalCode === null,
  };
}

function endOf(child: ChildProcess): Child["ended"] {
  return new Promise((resolve) => {
    child.once("error", () => resolve({ code: -1, signal: null }));
    child.once("exit", (code, signal) => resolve({ code, signal }));
  });
}

/** Asks the whole group to end, and after `graceMs` makes it. */
export async function stopChild(child: Child, graceMs: number): Promise<void> {
  signalGroup(child.pid, "SIGTERM");
  const timer = setTimeout(() => signalGroup(child.pid, "SIGKILL"), graceMs);
  await child.ended;
  clearTimeout(timer);
  signalGroup(child.pid, "SIGKILL");
}

/** Signals a process group; one that is gone already is not an error. */
export function signalGroup(leader: number, signal: NodeJS.Signals): void {
  if (leader <= 1) return;
  try {
    process.kill(-leader, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** The last lines a child printed, for the person who has to find out why it ended. */
export function lastLines(logPath: string, count: number): string {
  if (!existsSync(logPath)) return "";
  return readFileSync(logPath, "utf8").trimEnd().split("\n").slice(-count).join("\n");
}
