import { createRoute, z } from "@hono/zod-openapi";
import { etag } from "hono/etag";
import { requireScope } from "../access/authenticate.ts";
import type { Env } from "../config.ts";
import { createRoutes } from "../create-routes.ts";
import { MediaError } from "../errors.ts";
import { isId } from "../id.ts";
import { JOB_STATUSES, PRIORITIES } from "../schema/jobs.ts";
import { describeJob, jobDocument } from "./job-document.ts";
import { representJob } from "./representation.ts";
import { type JobWithOutputs, listJobs, readJob } from "./store/read-jobs.ts";

/** Reading jobs. Submitting is in `submission/`, watching in `watch-routes.ts`, cancelling in `processing/`. */
export const jobRoutes = createRoutes();

const listQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  cursor: z.string().startsWith("job_").optional(),
  status: z.enum(JOB_STATUSES).optional(),
  kind: z.enum(["image", "video", "unknown"]).optional(),
  priority: z.enum(PRIORITIES).optional(),
  batch_id: z.string().startsWith("bat_").optional(),
  created_after: z.iso.datetime({ offset: true }).optional(),
  created_before: z.iso.datetime({ offset: true }).optional(),
});

const list = createRoute({
  method: "get",
  path: "/v1/jobs",
  tags: ["jobs"],
  summary: "List jobs, newest first",
  security: [{ key: [] }],
  middleware: [requireScope("read"), etag()] as const,
  request: { query: listQuery },
  responses: {
    200: {
      description: "A page of jobs; Link: rel=next names the one after",
      content: {
        "application/json": {
          schema: z.object({ jobs: z.array(jobDocument), next_cursor: z.string().nullable() }),
        },
      },
    },
  },
});

jobRoutes.openapi(list, async (c) => {
  const query = c.req.valid("query");
  const page = await listJobs(c.env.DB, c.get("caller").owner, {
    ...query,
    batchId: query.batch_id,
    createdAfterMs: query.created_after === undefined ? undefined : Date.parse(query.created_after),
    createdBeforeMs: query.created_before === undefined ? undefined : Date.parse(query.created_before),
  });
  const url = new URL(c.req.url);
  if (page.nextCursor) {
    url.searchParams.set("cursor", page.nextCursor);
    c.header("Link", `<${url}>; rel="next"`);
  }
  const jobs = page.jobs.map((job) => describeJob(job, url.origin));
  return c.json({ jobs, next_cursor: page.nextCursor ?? null }, 200);
});

const get = createRoute({
  method: "get",
  path: "/v1/jobs/{id}",
  tags: ["jobs"],
  summary: "Read a job",
  description: "As JSON, as JSON with `compact=true`, as XML or as one line of text, by Accept.",
  security: [{ key: [] }],
  middleware: [requireScope("read"), etag()] as const,
  request: { params: z.object({ id: z.string() }) },
  responses: { 200: { description: "The job", content: { "application/json": { schema: jobDocument } } } },
});

jobRoutes.openapi(get, async (c) => {
  const found = await findJob(c.env.DB, c.get("caller").owner, c.req.valid("param").id);
  const document = describeJob(await withLiveProgress(c.env, found), new URL(c.req.url).origin);
  const { type, body } = representJob(document, c.req.header("Accept"));
  return c.body(body, 200, { "Content-Type": type, Vary: "Accept" }) as never;
});

/** D1 learns of progress at stage boundaries; while a job runs, its channel knows better. */
async function withLiveProgress(env: Env, found: JobWithOutputs): Promise<JobWithOutputs> {
  if (found.job.finishedAt !== null || !found.job.hasChannel) return found;
  const snapshot = await env.JOB_PROGRESS.getByName(found.job.id).snapshot();
  if (!snapshot || snapshot.run < found.job.run) return found;
  if (snapshot.progress_percentage < found.job.progressPercentage) return found;
  const { progress_percentage: progressPercentage, current_stage: currentStage } = snapshot;
  const job = { ...found.job, progressPercentage, currentStage };
  return { ...found, job, estimatedRemaining: snapshot.estimated_remaining };
}

/**
 * One job of this owner.
 *
 * @throws MediaError `not_found`, also for another owner's.
 */
export async function findJob(d1: D1Database, owner: string, jobId: string): Promise<JobWithOutputs> {
  const found = isId("job", jobId) ? await readJob(d1, owner, jobId) : undefined;
  if (!found) throw new MediaError("not_found", `There is no job ${JSON.stringify(jobId.slice(0, 64))}.`);
  return found;
}
