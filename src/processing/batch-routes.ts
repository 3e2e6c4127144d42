import { createRoute, z } from "@hono/zod-openapi";
import { requireScope } from "../access/authenticate.ts";
import { createRoutes } from "../create-routes.ts";
import { cancelBatch } from "./cancel-batch.ts";

/** Ending batches by hand. */
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
