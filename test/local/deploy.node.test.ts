import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const DEPLOY = new URL("../../src/local/deploy.ts", import.meta.url).pathname;
const home = mkdtempSync(join(tmpdir(), "darkroom-deploy-test-"));

const signedIn = { CLOUDFLARE_API_TOKEN: "a-token-that-is-none", CLOUDFLARE_ACCOUNT_ID: "0".repeat(32) };

/** Stands in for the account's API: knows who asks, and that all else is empty. */
const requests: string[] = [];
/** What it answers to who asks for the worker's secrets: a code of the API's errors, or none. */
let secretsFailWith: number | undefined;
const api = createServer((request, response) => {
  requests.push(`${request.method} ${request.url}`);
  const fails = secretsFailWith !== undefined && /\/secrets/.test(request.url ?? "");
  const errors = fails ? [{ code: secretsFailWith, message: "so the API says" }] : [];
  const result = /\/tokens\/verify/.test(request.url ?? "") ? { id: "t", status: "active" } : [];
  response.writeHead(fails ? 403 : 200, { "content-type": "application/json" });
  response.end(JSON.stringify({ success: !fails, errors, messages: [], result }));
});

beforeAll(async () => {
  await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
});
afterAll(() => {
  api.close();
  rmSync(home, { recursive: true, force: true });
});

/** Never reaches a real account: whatever it sends goes to loopback, with a token that is none. */
function deploy(env: Record<string, string>): Promise<{ code: number | null; said: string }> {
  const { port } = api.address() as AddressInfo;
  const child = spawn(process.execPath, [DEPLOY], {
    env: {
      PATH: process.env.PATH,
      HOME: home,
      XDG_CONFIG_HOME: home,
      CI: "true",
      NO_COLOR: "1",
      WRANGLER_SEND_METRICS: "false",
      CLOUDFLARE_API_BASE_URL: `http://127.0.0.1:${port}`,
      CLOUDFLARE_API_TOKEN: "",
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const output of [child.stdout, child.stderr]) output.on("data", (text) => (said += text));
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, said })));
}

/** Wrangler starts up to four times in a test, each a second or two: on a busy machine, ten times that. */
const LIMIT_MS = 240_000;

describe("npm run deploy", { timeout: LIMIT_MS }, () => {
  it("asks for a login before anything else", async () => {
    const { code, said } = await deploy({});
    expect({ code, said: said.trim() }).toEqual({
      code: 1,
      said: "wrangler is not signed in; run `npx wrangler login` first.",
    });
  });

  it("makes no new secrets for a worker that may have some", async () => {
    secretsFailWith = 10_000;
    const { code, said } = await deploy({ ...signedIn, WRANGLER_DOCKER_BIN: "/bin/false" });
    expect(said).toContain("The secrets of the worker cannot be listed; try again.");
    expect(said).not.toContain("--dry-run");
    expect(code).toBe(1);
  });

  it("leaves the account as it is where the image cannot be built", async () => {
    // There is no such worker.
    secretsFailWith = 10_007;
    const { code, said } = await deploy({ ...signedIn, WRANGLER_DOCKER_BIN: "/bin/false" });
    expect(said).toContain("wrangler deploy --dry-run");
    expect(said).toContain("Docker");
    expect(code).toBe(1);
    expect(requests.length).toBeGreaterThan(0);
    expect(requests.filter((request) => !request.startsWith("GET "))).toEqual([]);
  });
});
