import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { StackError } from "./stack-error.ts";
import { persistDir, WRANGLER, wranglerEnv } from "./wrangler-dev.ts";

/**
 * Brings the instance's D1 to the newest migration. Which ones it has is noted in the state folder, so that a
 * start with nothing to do does not wait two seconds for wrangler to say so.
 */
export function migrate(root: string, stateDir: string): void {
  const notePath = join(stateDir, "migrations-applied");
  const wanted = readdirSync(join(root, "migrations"))
    .filter((name) => name.endsWith(".sql"))
    .sort()
    .join("\n");
  if (existsSync(notePath) && readFileSync(notePath, "utf8") === wanted) return;
  const args = [WRANGLER, "d1", "migrations", "apply", "DB", "--local", "--persist-to", persistDir(stateDir)];
  const run = spawnSync(process.execPath, args, {
    cwd: root,
    env: { ...process.env, ...wranglerEnv(stateDir), CI: "1" },
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (run.status !== 0) {
    throw new StackError(`The database could not be migrated: ${run.stdout}${run.stderr}`.trim());
  }
  writeFileSync(notePath, wanted);
}
