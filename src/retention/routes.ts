import { createRoute, z } from "@hono/zod-openapi";
import { requireScope } from "../access/authenticate.ts";
import { createRoutes } from "../create-routes.ts";
import { findMedia } from "../media/routes.ts";
import { deleteMedia } from "./delete-media.ts";

/** Removing what is not needed any more. */
export const retentionRoutes = createRoutes();

const remove = createRoute({
  method: "delete",
  path: "/v1/media/{id}",
  tags: ["media"],
  summary: "Delete a media with its jobs, outputs and derivatives",
  security: [{ key: [] }],
  middleware: [requireScope("write")] as const,
  request: { params: z.object({ id: z.string() }) },
  responses: { 204: { description: "Gone" } },
});

retentionRoutes.openapi(remove, async (c) => {
  await deleteMedia(c.env, await findMedia(c.env.DB, c.get("caller").owner, c.req.valid("param").id));
  return c.body(null, 204);
});
