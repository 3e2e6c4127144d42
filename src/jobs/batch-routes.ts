import { createRoute, z } from "@hono/zod-openapi";
import { etag } from "hono/etag";
import { requireScope } from "../access/authenticate.ts";
import { LIMITS } from "../config.ts";
import { createRoutes } from "../create-routes.ts";
import { MediaError } from "../errors.ts";
import { isId } from "../id.ts";
import {
  BATCH_STATUSES,
  batchDocument,
  batchManifest,
  batchWithItems,
  describeBatch,
  describeItems,
  describeManifest,
} from "./batch-document.ts";
import { type BatchSummary, listBatches, readBatch } from "./store/read-batches.ts";
import { type JobWithOutputs, listJobs } from "./store/read-jobs.ts";

/** Reading batches. Submitting is in `submission/`, cancelling in `processing/`. */
export const batchRoutes = createRoutes();

const params = z.object({ id: z.string() });

const list = createRoute({
  method: "get",
  path: "/v1/batches",
  tags: ["batches"],
  summary: "List batches, newest first",
  security: [{ key: [] }],
  middleware: [requireScope("read"), etag()] as const,
  request: {
    query: z.strictObject({
      limit: z.coerce.number().int().min(1).max(100).default(20),
      cursor: z.string().startsWith("bat_").optional(),
      status: z.enum(BATCH_STATUSES).optional(),
      created_after: z.iso.datetime({ offset: true }).optional(),
      created_before: z.iso.datetime({ offset: true }).optional(),
    }),
  },
  responses: {
    200: {
      description: "A page of batches; Link: rel=next names the one after",
      content: {
        "application/json": {
          schema: z.object({ batches: z.array(batchDocument), next_cursor: z.string().nullable() }),
        },
      },
    },
  },
});

batchRoutes.openapi(list, async (c) => {
  const { created_after: after, created_before: before, ...query } = c.req.valid("query");
  const page = await listBatches(c.env.DB, c.get("caller").owner, {
    ...query,
    createdAfterMs: after === undefined ? undefined : Date.parse(after),
    createdBeforeMs: before === undefined ? undefined : Date.parse(before),
  });
  const url = new URL(c.req.url);
  if (page.nextCursor) {
    url.searchParams.set("cursor", page.nextCursor);
    c.header("Link", `<${url}>; rel="next"`);
  }
  const batches = page.batches.map((batch) => describeBatch(batch, url.origin));
  return c.json({ batches, next_cursor: page.nextCursor ?? null }, 200);
});

const get = createRoute({
  method: "get",
  path: "/v1/batches/{id}",
  tags: ["batches"],
  summary: "Read a batch with what its jobs are at",
  security: [{ key: [] }],
  middleware: [requireScope("read"), etag()] as const,
  request: { params },
  responses: {
    200: { description: "The batch", content: { "application/json": { schema: batchWithItems } } },
  },
});

batchRoutes.openapi(get, async (c) => {
  const { owner } = c.get("caller");
  const found = await findBatch(c.env.DB, owner, c.req.valid("param").id);
  const jobs = await jobsOf(c.env.DB, owner, found.batch.id);
  return c.json({ ...describeBatch(found, new URL(c.req.url).origin), items: describeItems(jobs) }, 200);
});

const manifest = createRoute({
  method: "get",
  path: "/v1/batches/{id}/manifest",
  tags: ["batches"],
  summary: "Read everything that a batch made, once it has ended",
  security: [{ key: [] }],
  middleware: [requireScope("read"), etag()] as const,
  request: { params },
  responses: {
    200: { description: "Its outputs", content: { "application/json": { schema: batchManifest } } },
  },
});

batchRoutes.openapi(manifest, async (c) => {
  const { owner } = c.get("caller");
  const { batch, counts } = await findBatch(c.env.DB, owner, c.req.valid("param").id);
  const { id, status, finishedAt } = batch;
  if (status === null || finishedAt === null) {
    const left = counts.pending + counts.processing;
    throw new MediaError(
      "conflict",
      `The batch has not ended: ${left} of its ${counts.total} jobs are left.`,
    );
  }
  const jobs = await jobsOf(c.env.DB, owner, id);
  return c.json(describeManifest({ id, status, finishedAt }, jobs, new URL(c.req.url).origin), 200);
});

/**
 * One batch of this owner.
 *
 * @throws MediaError `not_found`, also for another owner's.
 */
export async function findBatch(d1: D1Database, owner: string, batchId: string): Promise<BatchSummary> {
  const found = isId("batch", batchId) ? await readBatch(d1, owner, batchId) : undefined;
  if (!found) throw new MediaError("not_found", `There is no batch ${JSON.stringify(batchId.slice(0, 64))}.`);
  return found;
}

/** The jobs of a batch, first submitted first: it has no more than one page of them. */
export async function jobsOf(d1: D1Database, owner: string, batchId: string): Promise<JobWithOutputs[]> {
  const { jobs } = await listJobs(d1, owner, { batchId, limit: LIMITS.maxBatchItems });
  return jobs.toReversed();
}
