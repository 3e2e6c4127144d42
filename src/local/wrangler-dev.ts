import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Keys } from "./keys.ts";
import { type Child, startChild } from "./processes.ts";

/** The folder that holds `wrangler.toml`. */
export const ROOT = new URL("../..", import.meta.url).pathname;
/** Not its `bin`: that only starts this one, and dies before it when both are asked to end. */
export const WRANGLER = join(ROOT, "node_modules/wrangler/wrangler-dist/cli.js");

/** Where wrangler keeps the instance's R2, D1 and Durable Objects. */
export const persistDir = (stateDir: string) => join(stateDir, "storage");

/** Keeps wrangler off the network and inside the state folder, so that instances do not see each other. */
export function wranglerEnv(stateDir: string): Record<string, string> {
  return {
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_SEND_ERROR_REPORTS: "false",
    WRANGLER_HIDE_BANNER: "true",
    WRANGLER_NO_SKILLS_UPDATE_PROMPTS: "true",
    WRANGLER_REGISTRY_PATH: join(stateDir, "registry"),
    WRANGLER_LOG_PATH: join(stateDir, "logs", "wrangler-debug.log"),
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    // Wrangler would trace every call of a binding and write it to disk, for a viewer that nobody has open.
    X_LOCAL_OBSERVABILITY: "false",
    NO_COLOR: "1",
  };
}

interface WranglerOptions {
  stateDir: string;
  port: number;
  keys: Keys;
  /** Variables of `wrangler.toml` that are set otherwise. */
  variables: Record<string, string>;
  /** The transcoder process; undefined when a container engine runs the real container. */
  transcoderUrl: string | undefined;
  /** The worker's module, when it is not that of `wrangler.toml`. */
  entry: string | undefined;
}

/** Starts `wrangler dev` on loopback. Secrets go through a file that only this user can read, never the command line. */
export function startWranglerDev(options: WranglerOptions): Child {
  const { stateDir, port, keys, transcoderUrl, entry } = options;
  const variables = {
    BOOTSTRAP_ADMIN_KEY: keys.bootstrapAdminKey,
    TOKEN_SECRET: keys.tokenSecret,
    LOCAL_ORIGIN: `http://127.0.0.1:${port}`,
    // On one's own machine an image URL can be typed by hand; deployed, it is signed.
    IMAGE_URL_POLICY: "open",
    // A receiver under development listens on the same machine.
    WEBHOOK_LOOPBACK: "allow",
    ...(transcoderUrl && { TRANSCODER_URL: transcoderUrl }),
    ...options.variables,
  };
  const envFile = join(stateDir, "worker.env");
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(envFile, lines.join(""), { mode: 0o600 });
  return startChild({
    name: "wrangler dev",
    command: process.execPath,
    args: [
      WRANGLER,
      "dev",
      ...(entry === undefined ? [] : [entry]),
      ...["--ip", "127.0.0.1", "--port", String(port), "--inspector-port", "0"],
      ...["--persist-to", persistDir(stateDir), "--env-file", envFile],
      `--enable-containers=${transcoderUrl === undefined}`,
      "--show-interactive-dev-session=false",
    ],
    cwd: ROOT,
    env: wranglerEnv(stateDir),
    logPath: join(stateDir, "logs", "wrangler.log"),
  });
}
