import { createRoute, z } from "@hono/zod-openapi";
import { requireScope } from "../access/authenticate.ts";
import { LIMITS } from "../config.ts";
import { createRoutes } from "../create-routes.ts";
import { MediaError } from "../errors.ts";
import { isId, newId } from "../id.ts";
import { keptWith } from "../request-context.ts";
import { requireTarget } from "./check-url.ts";
import {
  describeEndpoint,
  endpointChange,
  endpointDocument,
  newEndpoint,
  secretDocument,
} from "./documents.ts";
import {
  changeEndpoint,
  createEndpoint,
  deleteEndpoint,
  type EndpointRow,
  isEndpointThere,
  listEndpoints,
  readEndpoint,
} from "./endpoints.ts";
import { newSecret } from "./secrets.ts";

/** Registered endpoints. Their secrets are in `secret-routes.ts`, what they were sent in `delivery-routes.ts`. */
export const webhookRoutes = createRoutes();

const params = z.object({ id: z.string() });
const one = { "application/json": { schema: endpointDocument } };

const create = createRoute({
  method: "post",
  path: "/v1/webhooks",
  tags: ["webhooks"],
  summary: "Register an endpoint; the answer is the only time its secret is shown",
  security: [{ key: [] }],
  middleware: [requireScope("write")] as const,
  request: { body: { required: true, content: { "application/json": { schema: newEndpoint } } } },
  responses: {
    201: {
      description: "Registered",
      content: { "application/json": { schema: endpointDocument.extend(secretDocument.shape) } },
    },
  },
});

webhookRoutes.openapi(create, async (c) => {
  const { owner } = c.get("caller");
  const wanted = c.req.valid("json");
  const url = await requireTarget(c.env, wanted.url, "url");
  const nowMs = Date.now();
  const row: EndpointRow = {
    id: newId("webhook", nowMs),
    owner,
    url: url.href,
    events: wanted.events,
    progressStep: wanted.progress_threshold,
    enabled: wanted.enabled,
    disabledReason: wanted.enabled ? null : "owner",
    createdAt: nowMs,
    updatedAt: nowMs,
  };
  const secret = newSecret({ owner, endpointId: row.id }, nowMs, true);
  const answer = c.json({ ...describeEndpoint(row), secret: secret.secret }, 201, {
    Location: `/v1/webhooks/${row.id}`,
    "Cache-Control": "no-store",
  });
  const kept = await keptWith(c, answer, isEndpointThere(row.id));
  if (!(await createEndpoint(c.env.DB, row, secret, LIMITS.maxWebhooks, kept))) {
    throw new MediaError("conflict", `There are ${LIMITS.maxWebhooks} webhooks already; delete one first.`);
  }
  return answer;
});

const list = createRoute({
  method: "get",
  path: "/v1/webhooks",
  tags: ["webhooks"],
  summary: "List endpoints, newest first",
  security: [{ key: [] }],
  middleware: [requireScope("read")] as const,
  request: {
    query: z.strictObject({
      limit: z.coerce.number().int().min(1).max(100).default(20),
      cursor: z.string().startsWith("whk_").optional(),
    }),
  },
  responses: {
    200: {
      description: "A page of endpoints; Link: rel=next names the one after",
      content: { "application/json": { schema: z.object({ webhooks: z.array(endpointDocument) }) } },
    },
  },
});

webhookRoutes.openapi(list, async (c) => {
  const { limit, cursor } = c.req.valid("query");
  const rows = await listEndpoints(c.env.DB, c.get("caller").owner, { limit: limit + 1, cursor });
  const page = rows.slice(0, limit);
  if (rows.length > limit) {
    c.header("Link", `</v1/webhooks?limit=${limit}&cursor=${page.at(-1)?.id}>; rel="next"`);
  }
  return c.json({ webhooks: page.map(describeEndpoint) }, 200);
});

const get = createRoute({
  method: "get",
  path: "/v1/webhooks/{id}",
  tags: ["webhooks"],
  summary: "Read an endpoint",
  security: [{ key: [] }],
  middleware: [requireScope("read")] as const,
  request: { params },
  responses: { 200: { description: "The endpoint", content: one } },
});

webhookRoutes.openapi(get, async (c) =>
  c.json(describeEndpoint(await findEndpoint(c.env.DB, c.get("caller").owner, c.req.valid("param").id)), 200),
);

const change = createRoute({
  method: "patch",
  path: "/v1/webhooks/{id}",
  tags: ["webhooks"],
  summary: "Change an endpoint; enabling one that answered 410 makes it take deliveries again",
  security: [{ key: [] }],
  middleware: [requireScope("write")] as const,
  request: {
    params,
    body: { required: true, content: { "application/json": { schema: endpointChange } } },
  },
  responses: { 200: { description: "The endpoint as it is now", content: one } },
});

webhookRoutes.openapi(change, async (c) => {
  const { id } = c.req.valid("param");
  const { owner } = c.get("caller");
  const wanted = c.req.valid("json");
  await findEndpoint(c.env.DB, owner, id);
  const url = wanted.url === undefined ? undefined : (await requireTarget(c.env, wanted.url, "url")).href;
  const row = await changeEndpoint(
    c.env.DB,
    owner,
    id,
    {
      url,
      events: wanted.events,
      progressStep: wanted.progress_threshold,
      enabled: wanted.enabled,
      ...(wanted.enabled !== undefined && { disabledReason: wanted.enabled ? null : "owner" }),
    },
    Date.now(),
  );
  if (!row) throw noSuchEndpoint(id);
  return c.json(describeEndpoint(row), 200);
});

const remove = createRoute({
  method: "delete",
  path: "/v1/webhooks/{id}",
  tags: ["webhooks"],
  summary: "Remove an endpoint",
  security: [{ key: [] }],
  middleware: [requireScope("write")] as const,
  request: { params },
  responses: { 204: { description: "Gone" } },
});

webhookRoutes.openapi(remove, async (c) => {
  const { id } = c.req.valid("param");
  if (!(await deleteEndpoint(c.env.DB, c.get("caller").owner, id))) throw noSuchEndpoint(id);
  return c.body(null, 204);
});

/**
 * One endpoint of this owner.
 *
 * @throws MediaError `not_found`, also for another owner's.
 */
export async function findEndpoint(d1: D1Database, owner: string, id: string): Promise<EndpointRow> {
  const row = isId("webhook", id) ? await readEndpoint(d1, owner, id) : undefined;
  if (!row) throw noSuchEndpoint(id);
  return row;
}

function noSuchEndpoint(id: string): MediaError {
  return new MediaError("not_found", `There is no webhook ${JSON.stringify(id.slice(0, 64))}.`);
}
