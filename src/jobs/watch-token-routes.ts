import { createRoute, z } from "@hono/zod-openapi";
import { requireScope } from "../access/authenticate.ts";
import { createFeedToken, createWatchToken } from "../access/watch-token.ts";
import { configOf, LIMITS } from "../config.ts";
import { createRoutes } from "../create-routes.ts";
import type { AppContext } from "../request-context.ts";
import { findJob } from "./routes.ts";

/** Tokens for pages that watch: short-lived, read-only, and good for one thing. */
export const watchTokenRoutes = createRoutes();

const wanted = z
  .strictObject({ job_id: z.string().optional(), feed: z.literal(true).optional() })
  .refine(({ job_id, feed }) => (job_id === undefined) !== (feed === undefined), {
    path: ["job_id"],
    message: "Give either job_id, or feed: true",
  })
  .openapi("WatchTokenRequest", {
    description: "Either `job_id`, or `feed: true` for everything of the owner",
  });

const issued = z
  .object({
    token: z.string().openapi({ description: "Goes into ?token=" }),
    expires_at: z.iso.datetime(),
    links: z.object({ ws: z.string(), events: z.string().optional(), progress: z.string().optional() }),
  })
  .openapi("WatchToken");

const create = createRoute({
  method: "post",
  path: "/v1/watch-tokens",
  tags: ["progress"],
  summary: "Get a token that lets a page watch a job, or follow the feed, for 15 minutes",
  security: [{ key: [] }],
  middleware: [requireScope("read")] as const,
  request: { body: { required: true, content: { "application/json": { schema: wanted } } } },
  responses: {
    201: { description: "The token", content: { "application/json": { schema: issued } } },
  },
});

watchTokenRoutes.openapi(create, async (c) => {
  const body = c.req.valid("json");
  const nowMs = Date.now();
  const { token, links } =
    body.job_id === undefined ? await ofFeed(c, nowMs) : await ofJob(c, body.job_id, nowMs);
  const expiresAt = new Date(nowMs + LIMITS.watchTokenMs).toISOString();
  return c.json({ token, expires_at: expiresAt, links }, 201, { "Cache-Control": "no-store" });
});

async function ofJob(c: AppContext, jobId: string, nowMs: number) {
  const { owner } = c.get("caller");
  const { job } = await findJob(c.env.DB, owner, jobId);
  const token = await createWatchToken(configOf(c.env).tokenSecret, job.id, owner, nowMs);
  const path = `${new URL(c.req.url).origin}/v1/jobs/${job.id}`;
  return {
    token,
    links: { ws: `${asSocket(path)}/ws`, events: `${path}/events`, progress: `${path}/progress` },
  };
}

async function ofFeed(c: AppContext, nowMs: number) {
  const token = await createFeedToken(configOf(c.env).tokenSecret, c.get("caller").owner, nowMs);
  return { token, links: { ws: asSocket(`${new URL(c.req.url).origin}/v1/feed`) } };
}

function asSocket(url: string): string {
  return url.replace(/^http/, "ws");
}
