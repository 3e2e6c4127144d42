import { createRoute, z } from "@hono/zod-openapi";
import { requireScope } from "../access/authenticate.ts";
import { createRoutes } from "../create-routes.ts";
import { cancelBatch } from "./cancel-batch.ts";
import { retryBatch } from "./retry-batch.ts";

/** Ending batches by hand, and trying again what failed in them. */
export const batchEndRoutes = createRoutes();

const ended = z
  .object({ batch_id: z.string(), status: z.enum(["cancelled", "deleted"]) })
  .openapi("EndedBatch");

const cancel = createRoute({
  method: "delete",
  path: "/v1/batches/{id}",
  tags: ["batches"],
  summary: "Cancel a batch, or delete one that ended",
  description:
    "What has not started is cancelled. If any of it is being processed this is refused, unless `force=true` stops that too; jobs that ended keep their outputs. A batch that ended is removed with its jobs and their outputs.",
  security: [{ key: [] }],
  middleware: [requireScope("write")] as const,
  request: {
    params: z.object({ id: z.string() }),
    query: z.strictObject({ force: z.enum(["true", "false"]).optional() }),
  },
  responses: {
    200: { description: "Cancelled or deleted", content: { "application/json": { schema: ended } } },
    202: { description: "Being stopped", content: { "application/json": { schema: ended } } },
  },
});

batchEndRoutes.openapi(cancel, async (c) => {
  const { id } = c.req.valid("param");
  const result = await cancelBatch(c.env, c.get("caller").owner, id, c.req.valid("query").force === "true");
  return c.json({ batch_id: id, status: result.status }, result.wasRunning ? 202 : 200);
});

const retried = z
  .object({ batch_id: z.string(), status: z.literal("processing"), job_ids: z.array(z.string()) })
  .openapi("RetriedBatch");

const retry = createRoute({
  method: "post",
  path: "/v1/batches/{id}/retry",
  tags: ["batches"],
  summary: "Retry the jobs of a batch that failed, or that completed with outputs missing",
  description:
    "Each goes on from its last finished task, and the batch will end once more. 409 when there is none.",
  security: [{ key: [] }],
  middleware: [requireScope("write")] as const,
  request: { params: z.object({ id: z.string() }) },
  responses: { 202: { description: "Begun", content: { "application/json": { schema: retried } } } },
});

batchEndRoutes.openapi(retry, async (c) => {
  const { id } = c.req.valid("param");
  const jobIds = await retryBatch(c.env, c.get("caller").owner, id);
  return c.json({ batch_id: id, status: "processing" as const, job_ids: jobIds }, 202);
});
