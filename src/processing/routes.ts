import { createRoute, z } from "@hono/zod-openapi";
import { requireScope } from "../access/authenticate.ts";
import { createRoutes } from "../create-routes.ts";
import { cancelJob } from "./cancel-job.ts";

/** Ending jobs by hand. */
export const processingRoutes = createRoutes();

const ended = z.object({ job_id: z.string(), status: z.enum(["cancelled", "deleted"]) }).openapi("EndedJob");

const cancel = createRoute({
  method: "delete",
  path: "/v1/jobs/{id}",
  tags: ["jobs"],
  summary: "Cancel a job, or delete one that ended",
  description:
    "A pending job is cancelled. One that is processing is only stopped with `force=true`. One that ended is removed with its outputs.",
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

processingRoutes.openapi(cancel, async (c) => {
  const { id } = c.req.valid("param");
  const result = await cancelJob(c.env, c.get("caller").owner, id, c.req.valid("query").force === "true");
  return c.json({ job_id: id, status: result.status }, result.wasRunning ? 202 : 200);
});
