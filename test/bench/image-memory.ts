/**
 * `node image-memory.ts ENGINE FILE WIDTH`: prints how many bytes one picture adds to the memory of a process that has
 * the engine loaded and the file read, at the worst moment.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { ENGINES, type EngineName } from "./image-engines.ts";

const [name = "", path = "", width = ""] = process.argv.slice(2);
const engine = await ENGINES[name as EngineName]();
const file = new Uint8Array(readFileSync(path));
// Linux counts the peak of a process from here on (proc(5), clear_refs); getrusage would count its parent's as well.
writeFileSync("/proc/self/clear_refs", "5");
const before = statusBytes("VmRSS");
await engine(file, Number(width));
console.log(Math.max(0, statusBytes("VmHWM") - before));

function statusBytes(field: string): number {
  const [, kilobytes] =
    new RegExp(`${field}:\\s+(\\d+) kB`).exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  return Number(kilobytes) * 1024;
}
