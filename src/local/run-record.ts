import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { signalGroup } from "./processes.ts";
import { StackError } from "./stack-error.ts";

/** Which processes an instance is made of, in `run.json` of its state folder while it runs. */
export interface RunRecord {
  pid: number;
  /** File name of the program that `pid` runs. */
  program: string;
  url: string;
  /** Leaders of the process groups that it has started. */
  children: { wrangler?: number; transcoder?: number };
}

/** The record of an instance that this process is about to start. */
export function newRunRecord(): RunRecord {
  return { pid: process.pid, program: basename(process.argv[1] ?? "node"), url: "", children: {} };
}

const recordPath = (stateDir: string) => join(stateDir, "run.json");

/** The record of the instance that runs on a state folder. */
export function readRunRecord(stateDir: string): RunRecord {
  return JSON.parse(readFileSync(recordPath(stateDir), "utf8")) as RunRecord;
}

export function writeRunRecord(stateDir: string, record: RunRecord): void {
  writeFileSync(recordPath(stateDir), `${JSON.stringify(record)}\n`);
}

export function removeRunRecord(stateDir: string): void {
  rmSync(recordPath(stateDir), { force: true });
}

/**
 * Takes the state folder for this process. A live instance there is a {@link StackError}; what a killed one left
 * running is ended first.
 */
export function takeState(stateDir: string): void {
  if (!existsSync(recordPath(stateDir))) return;
  const left = readRunRecord(stateDir);
  if (left.pid !== process.pid && commandOf(left.pid).includes(left.program)) {
    throw new StackError(`The state in ${stateDir} is in use by process ${left.pid} at ${left.url}.`);
  }
  for (const pid of Object.values(left.children)) {
    if (/wrangler|containers\/transcoder/.test(commandOf(pid))) signalGroup(pid, "SIGKILL");
  }
  removeRunRecord(stateDir);
}

/** The command line of a process, or nothing when there is none: a pid alone may belong to someone else by now. */
function commandOf(pid: number): string {
  try {
    return execFileSync("ps", ["-o", "args=", "-p", String(pid)], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
  } catch {
    return "";
  }
}
