import { execFileSync } from "node:child_process";
import { globSync, renameSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../image/kernels/", import.meta.url));
const compiled = `${folder}dist/kernels.wasm`;

/**
 * Compiles the image kernels unless they are newer than all of their sources, in about five seconds. Whatever bundles
 * or imports them calls this first: `npm ci`, wrangler, the tests, the bench.
 */
export function buildKernels(): void {
  if (isFresh()) return;
  const compiler = findCompiler();
  if (compiler === undefined) {
    console.warn("The image kernels are not compiled: assemblyscript is not installed.");
    return;
  }
  // Two builds may run at once; each writes its own file, and the last rename wins with the same bytes.
  const fresh = `${compiled}.${process.pid}`;
  execFileSync(process.execPath, [compiler, "--config", `${folder}asconfig.json`, "--outFile", fresh], {
    cwd: folder,
    stdio: "inherit",
  });
  renameSync(fresh, compiled);
}

function isFresh(): boolean {
  const made = statSync(compiled, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const sources = globSync("{,*/}*.{ts,json}", { cwd: folder, exclude: ["dist"] });
  return sources.every((source) => statSync(folder + source).mtimeMs < made);
}

/** Absent where only what runs was installed (`npm ci --omit=dev`). */
function findCompiler(): string | undefined {
  try {
    return createRequire(import.meta.url).resolve("assemblyscript/bin/asc.js");
  } catch {
    return undefined;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) buildKernels();
