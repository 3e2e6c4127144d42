import { createRoute, z } from "@hono/zod-openapi";
import { requireScope } from "../access/authenticate.ts";
import { createWatchToken } from "../access/watch-token.ts";
import { configOf, LIMITS } from "../config.ts";
import { createRoutes } from "../create-routes.ts";
import { MediaError } from "../errors.ts";
import type { AppContext } from "../request-context.ts";
import { acceptMultipart, acceptStored, type Submitter } from "./accept.ts";
import { announceJob } from "./announce.ts";
import { jobFields, jobRequest, parseFields } from "./job-fields.ts";
import { readJsonBody } from "./json-body.ts";
import { outputSpecification } from "./output-specification.ts";
import type { PlannedJob } from "./plan-job.ts";
import { PRESETS } from "./presets.ts";

/** Submitting jobs, and the presets that they may name. */
export const submissionRoutes = createRoutes();

const acceptedJob = z
  .object({
    job_id: z.string(),
    media_id: z.string(),
    status: z.literal("pending"),
    estimated_duration: z.number().openapi({ description: "Seconds from now to the end, with a margin" }),
    estimated_range: z.object({ low: z.number(), high: z.number() }).nullable(),
    watch_token: z.string().openapi({ description: "Reads this job's progress for 15 minutes, as ?token=" }),
    links: z.object({ self: z.string(), progress: z.string(), ws: z.string(), events: z.string() }),
  })
  .openapi("AcceptedJob");

// The multipart body is read as a stream, so this route is described here and parsed by hand below.
submissionRoutes.openAPIRegistry.registerPath({
  method: "post",
  path: "/v1/jobs",
  tags: ["jobs"],
  summary: "Submit a job",
  security: [{ key: [] }],
  request: {
    body: {
      required: true,
      content: {
        "multipart/form-data": {
          schema: jobFields.extend({
            input_file: z.string().openapi({ format: "binary" }),
            output_specifications: z.string().openapi({ description: "JSON array of OutputSpecification" }),
          }),
        },
        "application/json": { schema: jobRequest },
      },
    },
  },
  responses: {
    201: { description: "Accepted", content: { "application/json": { schema: acceptedJob } } },
  },
});

submissionRoutes.post("/v1/jobs", requireScope("write"), async (c) => {
  const planned = await accept(c);
  c.executionCtx.waitUntil(announceJob(c.env, planned));
  const document = await acceptedDocument(c, planned);
  return c.json(document, 201, { Location: document.links.self });
});

async function accept(c: AppContext): Promise<PlannedJob> {
  const submitter: Submitter = {
    owner: c.get("caller").owner,
    requestId: c.get("requestId"),
    traceparent: c.get("traceparent"),
  };
  const contentType = c.req.header("Content-Type") ?? "";
  const body = c.req.raw.body;
  if (!body || c.req.header("Content-Length") === "0") {
    throw new MediaError("empty_body", "Send an input_file as multipart/form-data, or JSON with a media_id.");
  }
  if (/^multipart\/form-data\b/i.test(contentType)) {
    refuseOversize(c.req.header("Content-Length"));
    return await acceptMultipart(c.env, body, contentType, submitter);
  }
  if (/^application\/json\b/i.test(contentType)) {
    const { media_id, ...fields } = parseFields(jobRequest, await readJsonBody(body, LIMITS.maxJsonBytes));
    return await acceptStored(c.env, media_id, fields, submitter);
  }
  throw new MediaError(
    "unsupported_content_type",
    `${contentType || "No Content-Type"} is not accepted here.`,
  );
}

/** Boundaries and fields on top of the file. */
const MULTIPART_OVERHEAD_BYTES = 1_000_000;

function refuseOversize(contentLength: string | undefined): void {
  if (contentLength === undefined) return;
  if (Number(contentLength) <= LIMITS.maxFileBytes + MULTIPART_OVERHEAD_BYTES) return;
  const megabytes = LIMITS.maxFileBytes / 1_000_000;
  throw new MediaError("payload_too_large", `A file may have at most ${megabytes} MB here.`);
}

async function acceptedDocument(c: AppContext, { job }: PlannedJob): Promise<z.infer<typeof acceptedJob>> {
  const self = `${new URL(c.req.url).origin}/v1/jobs/${job.id}`;
  const token = await createWatchToken(configOf(c.env).tokenSecret, job.id, job.owner, Date.now());
  return {
    job_id: job.id,
    media_id: job.mediaId,
    status: "pending",
    estimated_duration: job.estimatedDurationMs / 1000,
    estimated_range: job.estimate && { low: job.estimate.lowMs / 1000, high: job.estimate.highMs / 1000 },
    watch_token: token,
    links: {
      self,
      progress: `${self}/progress`,
      ws: `${self.replace(/^http/, "ws")}/ws`,
      events: `${self}/events`,
    },
  };
}

const presetList = createRoute({
  method: "get",
  path: "/v1/presets",
  tags: ["jobs"],
  summary: "List presets",
  security: [{ key: [] }],
  responses: {
    200: {
      description: "Every preset with what it stands for",
      content: {
        "application/json": {
          schema: z.object({
            presets: z.array(
              z.object({ name: z.string(), description: z.string(), specification: outputSpecification }),
            ),
          }),
        },
      },
    },
  },
});

submissionRoutes.openapi(presetList, (c) =>
  c.json({ presets: Object.entries(PRESETS).map(([name, preset]) => ({ name, ...preset })) }),
);
