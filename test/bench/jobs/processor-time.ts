import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Clock ticks a second of the kernel, by which `/proc` counts. */
const TICKS = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));

/** CPU seconds, user and system, that a process and all its descendants have used so far. */
export function processorSeconds(pids: readonly number[]): number {
  const family = familyOf(pids);
  return family.reduce((sum, pid) => sum + secondsOf(pid), 0);
}

function secondsOf(pid: number): number {
  try {
    // The name of the program is in brackets and may have spaces (proc(5)).
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    return (Number(fields[11]) + Number(fields[12])) / TICKS;
  } catch {
    return 0;
  }
}

function familyOf(pids: readonly number[]): number[] {
  const rows = execFileSync("ps", ["-eo", "pid=,ppid="], { encoding: "utf8" })
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number));
  const family = [...pids];
  for (const member of family) {
    family.push(...rows.filter(([, parent]) => parent === member).map(([child]) => child ?? 0));
  }
  return family;
}
