import { createRoute, z } from "@hono/zod-openapi";
import { requireScope } from "../access/authenticate.ts";
import type { Env } from "../config.ts";
import { createRoutes } from "../create-routes.ts";
import { MediaError } from "../errors.ts";
import { letterFilter, letterFilterFields } from "../jobs/dead-letter-document.ts";
import { findLetter } from "../jobs/dead-letter-routes.ts";
import { countLetters, listLetters } from "../jobs/store/dead-letters.ts";
import { readJob } from "../jobs/store/read-jobs.ts";
import { beginRetry } from "./retry-job.ts";

/** Asking again for jobs that failed for good. */
export const requeueRoutes = createRoutes();

const requeued = z.object({ job_id: z.string(), status: z.literal("pending"), run: z.int() });

/** Each costs a dozen queries, and an invocation may make 1,000. */
const MOST_AT_ONCE = 50;

const requeueMany = createRoute({
  method: "post",
  path: "/v1/dead-letters/requeue",
  tags: ["dead letters"],
  summary: "Requeue the open dead letters that match, up to a limit",
  security: [{ key: [] }],
  middleware: [requireScope("write")] as const,
  request: {
    body: {
      required: true,
      content: {
        "application/json": {
          schema: z.strictObject({
            ...letterFilterFields,
            older_than: z.number().min(0).optional().openapi({ description: "Seconds since it failed" }),
            job_ids: z.array(z.string()).min(1).max(MOST_AT_ONCE).optional(),
            limit: z.int().min(1).max(MOST_AT_ONCE).default(MOST_AT_ONCE),
          }),
        },
      },
    },
  },
  responses: {
    202: {
      description: "What was requeued, and what could not be; `remaining` match and wait for another call",
      content: {
        "application/json": {
          schema: z
            .object({
              requeued: z.array(requeued),
              refused: z.array(z.object({ job_id: z.string(), reason: z.string() })),
              remaining: z.int(),
            })
            .openapi("Requeued"),
        },
      },
    },
  },
});

requeueRoutes.openapi(requeueMany, async (c) => {
  const { owner } = c.get("caller");
  const { limit, job_ids: jobIds, ...fields } = c.req.valid("json");
  const filter = { ...letterFilter(fields, Date.now()), jobIds, resolution: "open" as const };
  const { letters } = await listLetters(c.env.DB, owner, { ...filter, limit });
  const answer = {
    requeued: [] as z.infer<typeof requeued>[],
    refused: [] as { job_id: string; reason: string }[],
  };
  for (const { jobId } of letters) {
    try {
      answer.requeued.push(await requeue(c.env, owner, jobId));
    } catch (error) {
      if (!(error instanceof MediaError)) throw error;
      answer.refused.push({ job_id: jobId, reason: error.message });
    }
  }
  // Those that were refused are still open and match.
  const open = await countLetters(c.env.DB, owner, filter);
  return c.json({ ...answer, remaining: Math.max(0, open - answer.refused.length) }, 202);
});

const requeueOne = createRoute({
  method: "post",
  path: "/v1/dead-letters/{job}/requeue",
  tags: ["dead letters"],
  summary: "Requeue a failed job: it goes on from its last finished task",
  security: [{ key: [] }],
  middleware: [requireScope("write")] as const,
  request: { params: z.object({ job: z.string() }) },
  responses: {
    202: { description: "Requeued", content: { "application/json": { schema: requeued } } },
  },
});

requeueRoutes.openapi(requeueOne, async (c) => {
  const { owner } = c.get("caller");
  const letter = await findLetter(c.env.DB, owner, c.req.valid("param").job);
  return c.json(await requeue(c.env, owner, letter.jobId), 202);
});

async function requeue(env: Env, owner: string, jobId: string): Promise<z.infer<typeof requeued>> {
  const found = await readJob(env.DB, owner, jobId);
  if (!found) throw new MediaError("conflict", "The job was deleted; only its dead letter is left.");
  return { job_id: jobId, status: "pending", run: await beginRetry(env, found.job) };
}
