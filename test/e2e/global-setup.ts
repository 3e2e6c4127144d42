import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { startDev, tailOfLogs } from "./dev-server.ts";

declare module "vitest" {
  interface ProvidedContext {
    url: string;
    key: string;
  }
}

/** One instance for the whole suite, on a state folder of its own. Its logs are shown when it does not end well. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const stateDir = mkdtempSync(join(tmpdir(), "darkroom-e2e-"));
  const server = await startDev(stateDir);
  project.provide("url", server.url);
  project.provide("key", server.key);
  return async () => {
    const code = await server.stop();
    if (code !== 0 || process.env.SHOW_LOGS) console.error(tailOfLogs(stateDir));
    rmSync(stateDir, { recursive: true, force: true });
    if (code !== 0) throw new Error(`npm run dev ended with ${code} after SIGTERM`);
  };
}
