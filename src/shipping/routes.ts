import { createRoute, z } from "@hono/zod-openapi";
import { sql } from "drizzle-orm";
import { requireScope } from "../access/authenticate.ts";
import { configOf, type Env, LIMITS } from "../config.ts";
import { createRoutes } from "../create-routes.ts";
import { MediaError } from "../errors.ts";
import { newId } from "../id.ts";
import { keptWith } from "../request-context.ts";
import { requireTarget } from "../webhooks/check-url.ts";
import {
  type DestinationRow,
  describeDestination,
  destinationDocument,
  type NewDestination,
  newDestination,
  partsOf,
} from "./destination.ts";
import {
  countDestinations,
  createDestination,
  deleteDestination,
  findDestination,
  listDestinations,
} from "./destinations.ts";
import { seal } from "./seal.ts";

/** Where outputs may be shipped to. Credentials go in and never come out again. */
export const destinationRoutes = createRoutes();

const params = z.object({ id: z.string() });
const one = { "application/json": { schema: destinationDocument } };
const described = { tags: ["destinations"], security: [{ key: [] }] };

const create = createRoute({
  ...described,
  method: "post",
  path: "/v1/destinations",
  summary: "Register an HTTP endpoint or a bucket that jobs may ship to",
  middleware: [requireScope("write")] as const,
  request: { body: { required: true, content: { "application/json": { schema: newDestination } } } },
  responses: { 201: { description: "Registered", content: one } },
});

destinationRoutes.openapi(create, async (c) => {
  const { owner } = c.get("caller");
  const row = await rowOf(c.env, owner, c.req.valid("json"));
  if ((await countDestinations(c.env.DB, owner)) >= LIMITS.maxDestinations) {
    throw new MediaError(
      "conflict",
      `There are ${LIMITS.maxDestinations} destinations already; delete one first.`,
    );
  }
  const answer = c.json(describeDestination(row), 201, { Location: `/v1/destinations/${row.id}` });
  const isThere = sql`EXISTS (SELECT 1 FROM destinations AS d WHERE d.id = ${row.id})`;
  if (!(await createDestination(c.env.DB, row, await keptWith(c, answer, isThere)))) {
    throw new MediaError("conflict", `There is a destination named ${row.name} already; delete it first.`);
  }
  return answer;
});

async function rowOf(env: Env, owner: string, wanted: NewDestination): Promise<DestinationRow> {
  const [path, text] = wanted.kind === "http" ? ["url", wanted.url] : ["endpoint", wanted.endpoint];
  const url = await requireTarget(env, text, path, "The destination");
  const nowMs = Date.now();
  const id = newId("destination", nowMs);
  const { settings, secrets } = partsOf(wanted);
  const sealed = await seal(configOf(env).tokenSecret, id, JSON.stringify(secrets));
  return {
    id,
    owner,
    name: wanted.name,
    kind: wanted.kind,
    url: url.href,
    settings,
    sealed,
    createdAt: nowMs,
  };
}

const list = createRoute({
  ...described,
  method: "get",
  path: "/v1/destinations",
  summary: "List destinations, newest first",
  middleware: [requireScope("read")] as const,
  request: {
    query: z.strictObject({
      limit: z.coerce.number().int().min(1).max(100).default(20),
      cursor: z.string().startsWith("dst_").optional(),
    }),
  },
  responses: {
    200: {
      description: "A page of destinations; Link: rel=next names the one after",
      content: { "application/json": { schema: z.object({ destinations: z.array(destinationDocument) }) } },
    },
  },
});

destinationRoutes.openapi(list, async (c) => {
  const { limit, cursor } = c.req.valid("query");
  const rows = await listDestinations(c.env.DB, c.get("caller").owner, { limit: limit + 1, cursor });
  const page = rows.slice(0, limit);
  if (rows.length > limit) {
    c.header("Link", `</v1/destinations?limit=${limit}&cursor=${page.at(-1)?.id}>; rel="next"`);
  }
  return c.json({ destinations: page.map(describeDestination) }, 200);
});

const get = createRoute({
  ...described,
  method: "get",
  path: "/v1/destinations/{id}",
  summary: "Read a destination, by id or name",
  middleware: [requireScope("read")] as const,
  request: { params },
  responses: { 200: { description: "The destination, without its credentials", content: one } },
});

destinationRoutes.openapi(get, async (c) => {
  const row = await findDestination(c.env.DB, c.get("caller").owner, c.req.valid("param").id);
  if (!row) throw noSuchDestination();
  return c.json(describeDestination(row), 200);
});

const remove = createRoute({
  ...described,
  method: "delete",
  path: "/v1/destinations/{id}",
  summary: "Delete a destination and its credentials; what was still to be shipped there fails",
  middleware: [requireScope("write")] as const,
  request: { params },
  responses: { 204: { description: "Gone" } },
});

destinationRoutes.openapi(remove, async (c) => {
  const { id } = c.req.valid("param");
  if (!(await deleteDestination(c.env.DB, c.get("caller").owner, id))) throw noSuchDestination();
  return c.body(null, 204);
});

function noSuchDestination(): MediaError {
  return new MediaError("not_found", "There is no such destination.");
}
