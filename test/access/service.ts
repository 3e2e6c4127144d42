/** A small service with the real middleware and the real database, for the tests of this folder. */
import { applyD1Migrations, type D1Migration } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { OpenAPIHono } from "@hono/zod-openapi";
import { authenticate, authenticateWatcher, requireScope } from "../../src/access/authenticate.ts";
import { generateKey, hashKey } from "../../src/access/key.ts";
import { createKey } from "../../src/access/keys.ts";
import { keyRoutes } from "../../src/access/routes.ts";
import { sessionRoutes } from "../../src/access/session-routes.ts";
import type { Env } from "../../src/config.ts";
import { newId } from "../../src/id.ts";
import { problemResponse } from "../../src/problem.ts";
import type { AppEnv } from "../../src/request-context.ts";
import type { Scope } from "../../src/schema/access.ts";

export const testEnv = env as unknown as Env & { TEST_MIGRATIONS: D1Migration[] };
export const ORIGIN = "https://darkroom.test";
export const BOOTSTRAP_KEY = String(testEnv.BOOTSTRAP_ADMIN_KEY);
export const SECRET = String(testEnv.TOKEN_SECRET);

export async function prepareDatabase(): Promise<void> {
  await applyD1Migrations(testEnv.DB, testEnv.TEST_MIGRATIONS);
}

const app = new OpenAPIHono<AppEnv>();
app.onError(problemResponse);
app.use("/v1/jobs/:id/watch", authenticateWatcher());
app.all("/v1/jobs/:id/watch", (c) => c.json(c.get("caller")));
app.use("/v1/*", authenticate());
app.get("/v1/things", requireScope("read"), (c) => c.json(c.get("caller")));
app.post("/v1/things", requireScope("write"), (c) => c.json(c.get("caller"), 201));
app.get("/unguarded", requireScope("read"), (c) => c.text("never"));
app.route("/", keyRoutes());
app.route("/", sessionRoutes());

/** Sends a request to the service under `https://darkroom.test`, or to a whole URL. */
export async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  return await app.request(new URL(path, ORIGIN).href, init, testEnv);
}

export function bearer(key: string): { Authorization: string } {
  return { Authorization: `Bearer ${key}` };
}

export function sendJson(method: string, body: unknown, headers: Record<string, string> = {}): RequestInit {
  return { method, body: JSON.stringify(body), headers: { "Content-Type": "application/json", ...headers } };
}

/** A key with these scopes, straight into the database. */
export async function giveKey(owner: string, scopes: Scope[]): Promise<{ id: string; key: string }> {
  const key = generateKey();
  const id = newId("key");
  const hash = await hashKey(key);
  const limits = { requestsPerMinute: null, jobsPerDay: null, bytesPerDay: null, cpuSecondsPerDay: null };
  const use = { cpuDay: null, cpuSeconds: 0 };
  await createKey(testEnv.DB, {
    id,
    hash,
    owner,
    name: "test",
    scopes,
    ...limits,
    ...use,
    createdAt: 0,
    revokedAt: null,
  });
  return { id, key };
}
