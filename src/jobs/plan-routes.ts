import { createRoute, z } from "@hono/zod-openapi";
import { etag } from "hono/etag";
import { requireScope } from "../access/authenticate.ts";
import { createRoutes } from "../create-routes.ts";
import { MediaError } from "../errors.ts";
import { isId } from "../id.ts";
import { describePlan, planDocument } from "./plan-document.ts";
import { readPlan } from "./store/read-plan.ts";

/** What stands behind a job: its input, its plan, its estimate. */
export const planRoutes = createRoutes();

const get = createRoute({
  method: "get",
  path: "/v1/jobs/{id}/metadata",
  tags: ["jobs"],
  summary: "Read what was learned of a job's input, its plan and its estimates",
  security: [{ key: [] }],
  middleware: [requireScope("read"), etag()] as const,
  request: {
    params: z.object({ id: z.string() }),
    query: z.strictObject({
      task_id: z.string().optional().openapi({ description: "Tells of this task alone" }),
    }),
  },
  responses: {
    200: { description: "Input, plan, estimates", content: { "application/json": { schema: planDocument } } },
  },
});

planRoutes.openapi(get, async (c) => {
  const { id } = c.req.valid("param");
  const found = isId("job", id) ? await readPlan(c.env.DB, c.get("caller").owner, id) : undefined;
  if (!found) throw new MediaError("not_found", `There is no job ${JSON.stringify(id.slice(0, 64))}.`);
  const { task_id: taskId } = c.req.valid("query");
  if (taskId !== undefined && !found.tasks.some((task) => task.id === taskId)) {
    throw new MediaError("not_found", `The job has no task ${JSON.stringify(taskId.slice(0, 64))}.`);
  }
  return c.json(describePlan(found, taskId), 200);
});
