import { createRoute, z } from "@hono/zod-openapi";
import { requireScope } from "../access/authenticate.ts";
import { createRoutes } from "../create-routes.ts";
import { MediaError } from "../errors.ts";
import { keptWith } from "../request-context.ts";
import { describeSecrets, secretDocument, secretStatus } from "./documents.ts";
import { findEndpoint } from "./routes.ts";
import { activeSecrets, ensureDefaultSecret, newSecret, rotateSecret, showDefaultSecret } from "./secrets.ts";

/**
 * The secrets that sign: one for each endpoint, and an owner's default one for the `webhook_url` of jobs. Mounted
 * before the endpoints, whose ids would take `default-secret` for one of them.
 */
export const webhookSecretRoutes = createRoutes();

const HOUR_S = 3_600;

const rotation = z
  .strictObject({
    overlap_seconds: z
      .int()
      .min(0)
      .max(7 * 24 * HOUR_S)
      .default(24 * HOUR_S)
      .openapi({ description: "How long the secrets before still sign beside the new one" }),
  })
  .openapi("SecretRotation");

const rotationBody = { content: { "application/json": { schema: rotation } } };
const shown = {
  description: "The new secret",
  content: { "application/json": { schema: secretDocument } },
};
const NEVER_STORED = { "Cache-Control": "no-store" };

const status = createRoute({
  method: "get",
  path: "/v1/webhooks/default-secret",
  tags: ["webhooks"],
  summary: "Say what is known of the default secret, not the secret",
  security: [{ key: [] }],
  middleware: [requireScope("read")] as const,
  responses: { 200: { description: "Its age", content: { "application/json": { schema: secretStatus } } } },
});

webhookSecretRoutes.openapi(status, async (c) => {
  const holder = { owner: c.get("caller").owner, endpointId: null };
  return c.json(describeSecrets(await activeSecrets(c.env.DB, holder, Date.now())), 200);
});

const show = createRoute({
  method: "post",
  path: "/v1/webhooks/default-secret",
  tags: ["webhooks"],
  summary: "Show the default secret, which is made if there is none; only once",
  security: [{ key: [] }],
  middleware: [requireScope("write")] as const,
  responses: { 200: shown },
});

webhookSecretRoutes.openapi(show, async (c) => {
  const { owner } = c.get("caller");
  const nowMs = Date.now();
  await ensureDefaultSecret(c.env.DB, owner, nowMs);
  const row = await showDefaultSecret(c.env.DB, owner, nowMs);
  if (!row) throw new MediaError("conflict", "The default secret was shown before. Rotate it for a new one.");
  return c.json({ secret: row.secret }, 200, NEVER_STORED);
});

const rotateDefault = createRoute({
  method: "post",
  path: "/v1/webhooks/default-secret/rotate",
  tags: ["webhooks"],
  summary: "Replace the default secret; the old one stays active for an overlap",
  security: [{ key: [] }],
  middleware: [requireScope("write")] as const,
  request: { body: rotationBody },
  responses: { 200: shown },
});

webhookSecretRoutes.openapi(rotateDefault, async (c) => {
  const holder = { owner: c.get("caller").owner, endpointId: null };
  const { overlap_seconds } = rotation.parse(c.req.valid("json") ?? {});
  const row = newSecret(holder, Date.now(), true);
  const answer = c.json({ secret: row.secret }, 200, NEVER_STORED);
  await rotateSecret(c.env.DB, holder, row, overlap_seconds * 1000, await keptWith(c, answer));
  return answer;
});

const rotate = createRoute({
  method: "post",
  path: "/v1/webhooks/{id}/rotate",
  tags: ["webhooks"],
  summary: "Replace an endpoint's secret; the old one stays active for an overlap",
  security: [{ key: [] }],
  middleware: [requireScope("write")] as const,
  request: { params: z.object({ id: z.string() }), body: rotationBody },
  responses: { 200: shown },
});

webhookSecretRoutes.openapi(rotate, async (c) => {
  const { id, owner } = await findEndpoint(c.env.DB, c.get("caller").owner, c.req.valid("param").id);
  const { overlap_seconds } = rotation.parse(c.req.valid("json") ?? {});
  const holder = { owner, endpointId: id };
  const row = newSecret(holder, Date.now(), true);
  const answer = c.json({ secret: row.secret }, 200, NEVER_STORED);
  await rotateSecret(c.env.DB, holder, row, overlap_seconds * 1000, await keptWith(c, answer));
  return answer;
});
