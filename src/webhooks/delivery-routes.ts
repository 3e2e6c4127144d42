import { createRoute, z } from "@hono/zod-openapi";
import { requireScope } from "../access/authenticate.ts";
import { createRoutes } from "../create-routes.ts";
import { MediaError } from "../errors.ts";
import { newId } from "../id.ts";
import type { AppContext } from "../request-context.ts";
import { DELIVERY_STATES } from "../schema/webhooks.ts";
import { addToLog, type LogFilter, listDeliveries } from "./delivery-log.ts";
import { sendDeliveryTickets } from "./dispatch.ts";
import { deliveryDocument, describeDelivery } from "./documents.ts";
import type { EndpointRow } from "./endpoints.ts";
import type { EventRow } from "./event.ts";
import { findEndpoint } from "./routes.ts";

/** What was sent where, what came back, and sending it again. */
export const deliveryLogRoutes = createRoutes();

const query = z.strictObject({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  cursor: z.string().startsWith("dlv_").optional(),
  state: z.enum(DELIVERY_STATES).optional(),
});
const page = {
  description: "A page of deliveries of the last 30 days, newest first; Link: rel=next names the one after",
  content: { "application/json": { schema: z.object({ deliveries: z.array(deliveryDocument) }) } },
};
const accepted = {
  description: "On its way",
  content: { "application/json": { schema: deliveryDocument } },
};
const ofEndpoint = z.object({ id: z.string() });

const test = createRoute({
  method: "post",
  path: "/v1/webhooks/{id}/test",
  tags: ["webhooks"],
  summary: "Send a webhook.ping, once",
  security: [{ key: [] }],
  middleware: [requireScope("write")] as const,
  request: { params: ofEndpoint },
  responses: { 202: accepted },
});

deliveryLogRoutes.openapi(test, async (c) => {
  const endpoint = await findEndpoint(c.env.DB, c.get("caller").owner, c.req.valid("param").id);
  if (!endpoint.enabled) throw new MediaError("conflict", "The webhook is disabled; enable it first.");
  const nowMs = Date.now();
  const event = pingOf(endpoint, c.get("requestId"), c.get("traceparent"), nowMs);
  const to = { endpointId: endpoint.id, url: endpoint.url };
  const delivery = await addToLog(c.env.DB, event, to, nowMs);
  await sendDeliveryTickets(c.env, [delivery.target]);
  return c.json(describeDelivery(delivery, []), 202);
});

function pingOf(
  endpoint: EndpointRow,
  requestId: string,
  traceparent: string | undefined,
  nowMs: number,
): EventRow {
  const id = newId("event", nowMs);
  return {
    id,
    owner: endpoint.owner,
    type: "webhook.ping",
    subjectId: endpoint.id,
    jobId: null,
    cause: id,
    sequence: 1,
    correlationId: requestId,
    traceparent: traceparent ?? null,
    snapshot: { webhook_id: endpoint.id },
    webhookUrl: null,
    createdAt: nowMs,
    dispatchedAt: nowMs,
  };
}

const listOfEndpoint = createRoute({
  method: "get",
  path: "/v1/webhooks/{id}/deliveries",
  tags: ["webhooks"],
  summary: "List what an endpoint was sent",
  security: [{ key: [] }],
  middleware: [requireScope("read")] as const,
  request: { params: ofEndpoint, query },
  responses: { 200: page },
});

deliveryLogRoutes.openapi(listOfEndpoint, async (c) => {
  const endpoint = await findEndpoint(c.env.DB, c.get("caller").owner, c.req.valid("param").id);
  return c.json(await pageOf(c, { ...c.req.valid("query"), endpointId: endpoint.id }), 200);
});

const listOfJob = createRoute({
  method: "get",
  path: "/v1/jobs/{id}/deliveries",
  tags: ["webhooks"],
  summary: "List the webhooks about a job",
  description: "They are kept when the job is deleted.",
  security: [{ key: [] }],
  middleware: [requireScope("read")] as const,
  request: { params: ofEndpoint, query },
  responses: { 200: page },
});

deliveryLogRoutes.openapi(listOfJob, async (c) => {
  const jobId = c.req.valid("param").id;
  const found = await pageOf(c, { ...c.req.valid("query"), jobId });
  if (found.deliveries.length === 0 && !(await isThere(c, "jobs", jobId))) {
    throw new MediaError("not_found", `There is no job ${JSON.stringify(jobId.slice(0, 64))}.`);
  }
  return c.json(found, 200);
});

const listOfBatch = createRoute({
  method: "get",
  path: "/v1/batches/{id}/deliveries",
  tags: ["webhooks"],
  summary: "List the webhooks about a batch",
  description: "About the batch itself; those about its jobs are listed with each of them.",
  security: [{ key: [] }],
  middleware: [requireScope("read")] as const,
  request: { params: ofEndpoint, query },
  responses: { 200: page },
});

deliveryLogRoutes.openapi(listOfBatch, async (c) => {
  const batchId = c.req.valid("param").id;
  const found = await pageOf(c, { ...c.req.valid("query"), batchId });
  if (found.deliveries.length === 0 && !(await isThere(c, "batches", batchId))) {
    throw new MediaError("not_found", `There is no batch ${JSON.stringify(batchId.slice(0, 64))}.`);
  }
  return c.json(found, 200);
});

/** Asked of the table itself: how jobs and batches are kept is not this room's concern. */
async function isThere(c: AppContext, table: "jobs" | "batches", id: string): Promise<boolean> {
  const statement = c.env.DB.prepare(`SELECT 1 AS one FROM ${table} WHERE id = ? AND owner = ?`);
  return (await statement.bind(id, c.get("caller").owner).first()) !== null;
}

async function pageOf(c: AppContext, filter: LogFilter) {
  const found = await listDeliveries(c.env.DB, c.get("caller").owner, { ...filter, limit: filter.limit + 1 });
  const shown = found.slice(0, filter.limit);
  if (found.length > filter.limit) {
    const url = new URL(c.req.url);
    url.searchParams.set("cursor", shown.at(-1)?.delivery.id ?? "");
    c.header("Link", `<${url.pathname}${url.search}>; rel="next"`);
  }
  return { deliveries: shown.map(({ delivery, attempts }) => describeDelivery(delivery, attempts)) };
}
