import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type RunRecord, readRunRecord } from "../../src/local/run-record.ts";

export interface DevServer {
  url: string;
  key: string;
  stateDir: string;
  /** The processes it is made of, as it has written them down. */
  record: () => RunRecord;
  /** Asks npm to end, as a supervisor would; resolves with the exit code. */
  stop: () => Promise<number | null>;
  ended: Promise<number | null>;
}

/** Runs `npm run dev` on a state folder until its `ready` line. The transcoder is a process, wherever this runs. */
export async function startDev(stateDir: string, options: string[] = []): Promise<DevServer> {
  const args = ["run", "dev", "--", "--state", stateDir, "--transcoder", "process", ...options];
  const npm = spawn("npm", args, { stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise<number | null>((resolve) => npm.once("exit", resolve));
  const said: string[] = [];
  npm.stderr.setEncoding("utf8").on("data", (text: string) => said.push(text));
  const { url, key } = await readyLine(npm, ended, said);
  return {
    url,
    key,
    stateDir,
    record: () => readRunRecord(stateDir),
    stop: () => {
      npm.kill("SIGTERM");
      return ended;
    },
    ended,
  };
}

function readyLine(
  npm: ChildProcess,
  ended: Promise<number | null>,
  said: string[],
): Promise<{ url: string; key: string }> {
  return new Promise((resolve, reject) => {
    if (npm.stdout === null) return reject(new Error("npm has no standard output"));
    createInterface({ input: npm.stdout }).on("line", (line) => {
      const [, url, key] = /^ready (\S+) key (\S+)$/.exec(line) ?? [];
      if (url && key) resolve({ url, key });
    });
    void ended.then((code) => reject(new Error(`npm run dev ended with ${code}: ${said.join("")}`)));
  });
}

/** The end of every log of an instance, for the person who reads a failed run. */
export function tailOfLogs(stateDir: string): string {
  const dir = join(stateDir, "logs");
  return readdirSync(dir)
    .filter((name) => name !== "wrangler-debug.log")
    .map((name) => `── ${name}\n${readFileSync(join(dir, name), "utf8").slice(-4_000)}`)
    .join("\n");
}

/** Processes whose command line or working folder is about this state folder. */
export function processesOf(stateDir: string): string[] {
  return execFileSync("ps", ["-eo", "pid=,args="], { encoding: "utf8" })
    .split("\n")
    .filter((line) => line.includes(stateDir) && !line.includes("ps -eo"));
}

/** The pid and those of all its descendants. */
export function familyOf(pid: number): number[] {
  const rows = execFileSync("ps", ["-eo", "pid=,ppid="], { encoding: "utf8" })
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number));
  const family = [pid];
  for (const member of family) {
    family.push(...rows.filter(([, parent]) => parent === member).map(([child]) => child ?? 0));
  }
  return family;
}

/** Whether a process still runs; one that has ended and only waits to be collected does not. */
export function isAlive(pid: number): boolean {
  try {
    return !execFileSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" }).startsWith("Z");
  } catch {
    return false;
  }
}
