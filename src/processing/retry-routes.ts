import { createRoute, z } from "@hono/zod-openapi";
import { requireScope } from "../access/authenticate.ts";
import { createRoutes } from "../create-routes.ts";
import { findJob } from "../jobs/routes.ts";
import { beginRetry } from "./retry-job.ts";

/** Going on with jobs that failed. */
export const retryRoutes = createRoutes();

const retried = z
  .object({ job_id: z.string(), status: z.literal("pending"), run: z.int(), status_url: z.string() })
  .openapi("RetriedJob");

const retry = createRoute({
  method: "post",
  path: "/v1/jobs/{id}/retry",
  tags: ["jobs"],
  summary: "Retry a failed or partly failed job",
  description:
    "It is `pending` again in its next `run` and goes on from its last finished task: what was made stays, and the history is kept. 409 in any other state.",
  security: [{ key: [] }],
  middleware: [requireScope("write")] as const,
  request: { params: z.object({ id: z.string() }) },
  responses: {
    202: { description: "Begun", content: { "application/json": { schema: retried } } },
  },
});

retryRoutes.openapi(retry, async (c) => {
  const { job } = await findJob(c.env.DB, c.get("caller").owner, c.req.valid("param").id);
  const run = await beginRetry(c.env, job);
  const statusUrl = `${new URL(c.req.url).origin}/v1/jobs/${job.id}`;
  return c.json({ job_id: job.id, status: "pending" as const, run, status_url: statusUrl }, 202);
});
