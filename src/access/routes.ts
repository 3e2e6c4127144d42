import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Env } from "../config.ts";
import { createRoutes } from "../create-routes.ts";
import { MediaError } from "../errors.ts";
import { isId, newId } from "../id.ts";
import { type AppEnv, keptWith } from "../request-context.ts";
import { SCOPES } from "../schema/access.ts";
import { requireScope } from "./authenticate.ts";
import { cpuSecondsToday } from "./budget.ts";
import { generateKey, hashKey } from "./key.ts";
import { createKey, type KeyRow, listKeys, readKey, revokeKey } from "./keys.ts";

const keySchema = z
  .object({
    id: z.string(),
    owner: z.string(),
    name: z.string(),
    scopes: z.array(z.enum(SCOPES)),
    requests_per_minute: z
      .int()
      .nullable()
      .openapi({ description: "null: what the deployment allows any key" }),
    daily_quota: z.object({
      jobs: z.int().nullable(),
      bytes: z.int().nullable(),
      cpu_seconds: z.int().nullable(),
    }),
    created_at: z.iso.datetime(),
    revoked_at: z.iso.datetime().nullable(),
  })
  .openapi("Key");

const newKeySchema = z.strictObject({
  owner: z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, "1 to 64 letters, digits, _ . or -"),
  name: z.string().trim().min(1).max(100),
  scopes: z.array(z.enum(SCOPES)).min(1).max(SCOPES.length),
  requests_per_minute: z.int().min(1).max(1_000_000).optional(),
  daily_quota: z
    .strictObject({
      jobs: z.int().min(1).optional(),
      bytes: z.int().min(1).optional(),
      cpu_seconds: z.int().min(1).optional(),
    })
    .default({})
    .openapi({
      description:
        "By the day (UTC): jobs that may be submitted, bytes of the requests that do it, and processor time that jobs may have used in containers",
    }),
});

const createKeyRoute = createRoute({
  method: "post",
  path: "/v1/keys",
  summary: "Create a key; the answer is the only time it is shown",
  middleware: [requireScope("admin")] as const,
  request: { body: { required: true, content: { "application/json": { schema: newKeySchema } } } },
  responses: {
    201: {
      description: "The key",
      content: { "application/json": { schema: keySchema.extend({ key: z.string() }) } },
    },
  },
});

const readKeyRoute = createRoute({
  method: "get",
  path: "/v1/keys/{id}",
  summary: "Read a key, with what it has used today (UTC)",
  middleware: [requireScope("admin")] as const,
  request: { params: z.object({ id: z.string() }) },
  responses: {
    200: {
      description:
        "Jobs and bytes are counted for keys that have a quota of them; CPU seconds are those of processes in containers",
      content: {
        "application/json": {
          schema: keySchema.extend({
            used_today: z.object({
              jobs: z.int().nullable(),
              bytes: z.int().nullable(),
              cpu_seconds: z.number(),
            }),
          }),
        },
      },
    },
  },
});

const listKeysRoute = createRoute({
  method: "get",
  path: "/v1/keys",
  summary: "List keys of all owners, newest first",
  middleware: [requireScope("admin")] as const,
  request: {
    query: z.object({
      limit: z.coerce.number().int().min(1).max(100).default(50),
      cursor: z.string().optional(),
    }),
  },
  responses: {
    200: {
      description: "One page; `Link` with rel=next when there are more",
      content: { "application/json": { schema: z.object({ keys: z.array(keySchema) }) } },
    },
  },
});

const revokeKeyRoute = createRoute({
  method: "delete",
  path: "/v1/keys/{id}",
  summary: "Revoke a key, and with it the sessions that it opened",
  middleware: [requireScope("admin")] as const,
  request: { params: z.object({ id: z.string() }) },
  responses: { 204: { description: "Revoked" } },
});

/** `/v1/keys`, for operators. Mount it behind `authenticate()`. */
export function keyRoutes(): OpenAPIHono<AppEnv> {
  const app = createRoutes();
  app.openapi(createKeyRoute, async (c) => {
    const { owner, name, scopes, requests_per_minute, daily_quota } = c.req.valid("json");
    const key = generateKey();
    const createdAt = Date.now();
    const hash = await hashKey(key);
    const row: KeyRow = {
      id: newId("key", createdAt),
      hash,
      owner,
      name,
      scopes: [...new Set(scopes)],
      requestsPerMinute: requests_per_minute ?? null,
      jobsPerDay: daily_quota.jobs ?? null,
      bytesPerDay: daily_quota.bytes ?? null,
      cpuSecondsPerDay: daily_quota.cpu_seconds ?? null,
      cpuDay: null,
      cpuSeconds: 0,
      createdAt,
      revokedAt: null,
    };
    const answer = c.json({ ...describeKey(row), key }, 201, { "Cache-Control": "no-store" });
    await createKey(c.env.DB, row, await keptWith(c, answer));
    return answer;
  });
  app.openapi(listKeysRoute, async (c) => {
    const { limit, cursor } = c.req.valid("query");
    const rows = await listKeys(c.env.DB, limit + 1, cursor);
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    if (last && rows.length > limit) {
      c.header("Link", `</v1/keys?limit=${limit}&cursor=${last.id}>; rel="next"`);
    }
    return c.json({ keys: page.map(describeKey) }, 200);
  });
  app.openapi(readKeyRoute, async (c) => {
    const { id } = c.req.valid("param");
    const row = isId("key", id) ? await readKey(c.env.DB, id) : undefined;
    if (!row) throw new MediaError("not_found", "There is no such key.");
    return c.json({ ...describeKey(row), used_today: await usedToday(c.env, row) }, 200);
  });
  app.openapi(revokeKeyRoute, async (c) => {
    const { id } = c.req.valid("param");
    const revoked = isId("key", id) && (await revokeKey(c.env.DB, id, Date.now()));
    if (!revoked) throw new MediaError("not_found", "There is no such key, or it was revoked before.");
    return c.body(null, 204);
  });
  return app;
}

async function usedToday(env: Env, row: KeyRow) {
  const isCounted = row.jobsPerDay !== null || row.bytesPerDay !== null;
  const counted = isCounted ? await env.KEY_BUDGET.getByName(row.id).used() : { jobs: null, bytes: null };
  const cpu = { day: row.cpuDay ?? 0, seconds: row.cpuSeconds };
  return { ...counted, cpu_seconds: cpuSecondsToday(cpu, Date.now()) };
}

function describeKey(row: KeyRow): z.infer<typeof keySchema> {
  const { id, owner, name, scopes } = row;
  const revokedAt = row.revokedAt === null ? null : new Date(row.revokedAt).toISOString();
  return {
    id,
    owner,
    name,
    scopes,
    requests_per_minute: row.requestsPerMinute,
    daily_quota: { jobs: row.jobsPerDay, bytes: row.bytesPerDay, cpu_seconds: row.cpuSecondsPerDay },
    created_at: new Date(row.createdAt).toISOString(),
    revoked_at: revokedAt,
  };
}
