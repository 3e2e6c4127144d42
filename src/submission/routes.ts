import { createRoute, z } from "@hono/zod-openapi";
import { requireScope } from "../access/authenticate.ts";
import { createWatchToken } from "../access/watch-token.ts";
import { configOf, LIMITS } from "../config.ts";
import { createRoutes } from "../create-routes.ts";
import { MediaError } from "../errors.ts";
import { answerOnce, fingerprintOf, respond, sealFor } from "../idempotency/answer-once.ts";
import { IDEMPOTENCY_HEADER } from "../idempotency/key.ts";
import type { Reservation } from "../idempotency/reservations.ts";
import type { Answer } from "../idempotency/sealed-answer.ts";
import type { JobRow } from "../jobs/claimed-task.ts";
import type { AppContext } from "../request-context.ts";
import { acceptMultipart, acceptStored } from "./accept.ts";
import { announceJob } from "./announce.ts";
import { jobFields, jobRequest, parseFields } from "./job-fields.ts";
import { readJsonBody } from "./json-body.ts";
import { outputSpecification } from "./output-specification.ts";
import type { PlannedJob } from "./plan-job.ts";
import { PRESETS } from "./presets.ts";
import { readContent } from "./same-request.ts";
import type { Submitter } from "./write-job.ts";

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
    headers: z.object({
      [IDEMPOTENCY_HEADER]: z
        .string()
        .max(255)
        .optional()
        .openapi({ description: "Sent again with the same request within 24 h, it gets the same answer" }),
    }),
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
  const body = readBody(c);
  return await answerOnce(c, {
    fingerprint: async () => await fingerprintOf(c, await body.content()),
    async work(reservation) {
      const planned = await body.accept(submitterOf(c, reservation));
      c.executionCtx.waitUntil(announceJob(c.env, planned));
      return respond(c, await acceptedAnswer(c, planned.job));
    },
  });
});

/** A body can be read once: to submit a job, or to say what it would have asked for. */
interface JobBody {
  accept(submitter: Submitter): Promise<PlannedJob>;
  content(): Promise<unknown>;
}

function readBody(c: AppContext): JobBody {
  const contentType = c.req.header("Content-Type") ?? "";
  const body = c.req.raw.body;
  if (!body || c.req.header("Content-Length") === "0") {
    throw new MediaError("empty_body", "Send an input_file as multipart/form-data, or JSON with a media_id.");
  }
  if (/^multipart\/form-data\b/i.test(contentType)) {
    refuseOversize(c.req.header("Content-Length"));
    return {
      accept: (submitter) => acceptMultipart(c.env, body, contentType, submitter),
      content: () => readContent(body, contentType),
    };
  }
  if (/^application\/json\b/i.test(contentType)) {
    const parsed = async () => parseFields(jobRequest, await readJsonBody(body, LIMITS.maxJsonBytes));
    return { accept: async (submitter) => acceptStored(c.env, await parsed(), submitter), content: parsed };
  }
  throw new MediaError(
    "unsupported_content_type",
    `${contentType || "No Content-Type"} is not accepted here.`,
  );
}

function submitterOf(c: AppContext, reservation: Reservation | undefined): Submitter {
  return {
    owner: c.get("caller").owner,
    requestId: c.get("requestId"),
    traceparent: c.get("traceparent"),
    once: reservation && {
      reservation,
      keep: async (job, content) => ({
        fingerprint: await fingerprintOf(c, content),
        sealed: await sealFor(c, reservation, await acceptedAnswer(c, job)),
      }),
    },
  };
}

/** Boundaries and fields on top of the file. */
const MULTIPART_OVERHEAD_BYTES = 1_000_000;

function refuseOversize(contentLength: string | undefined): void {
  if (contentLength === undefined) return;
  if (Number(contentLength) <= LIMITS.maxFileBytes + MULTIPART_OVERHEAD_BYTES) return;
  const megabytes = LIMITS.maxFileBytes / 1_000_000;
  throw new MediaError("payload_too_large", `A file may have at most ${megabytes} MB here.`);
}

async function acceptedAnswer(c: AppContext, job: JobRow): Promise<Answer> {
  const document = await acceptedDocument(c, job);
  const headers = { "Content-Type": "application/json", Location: document.links.self };
  return { status: 201, headers, body: JSON.stringify(document) };
}

async function acceptedDocument(c: AppContext, job: JobRow): Promise<z.infer<typeof acceptedJob>> {
  const self = `${new URL(c.req.url).origin}/v1/jobs/${job.id}`;
  const token = await createWatchToken(configOf(c.env).tokenSecret, job.id, job.owner, job.createdAt);
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
