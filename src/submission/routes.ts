import { createRoute, z } from "@hono/zod-openapi";
import { requireScope } from "../access/authenticate.ts";
import { withinQuota } from "../access/daily-quota.ts";
import { createWatchToken } from "../access/watch-token.ts";
import { configOf, LIMITS } from "../config.ts";
import { createRoutes } from "../create-routes.ts";
import { MediaError } from "../errors.ts";
import { answerOnce, fingerprintOf, respond, sealFor } from "../idempotency/answer-once.ts";
import { IDEMPOTENCY_HEADER } from "../idempotency/key.ts";
import type { Reservation } from "../idempotency/reservations.ts";
import type { Answer } from "../idempotency/sealed-answer.ts";
import type { AppContext } from "../request-context.ts";
import { JOB_STATUSES } from "../schema/jobs.ts";
import { acceptMultipart, acceptRequest, type ParseForm } from "./accept.ts";
import { announceJob } from "./announce.ts";
import { jobFields, jobRequest, parseFields, parseJobFields } from "./job-fields.ts";
import { readJsonBody } from "./json-body.ts";
import { outputSpecification } from "./output-specification.ts";
import { PRESETS } from "./presets.ts";
import { readContent } from "./same-request.ts";
import { expand, expandForm, SHORTHANDS, type Shorthand, shorthandFields } from "./shorthands.ts";
import { stepSpecifications } from "./steps.ts";
import type { Submission, Submitter } from "./write-job.ts";

/** Submitting jobs, and the presets that they may name. */
export const submissionRoutes = createRoutes();

const acceptedJob = z
  .object({
    job_id: z.string(),
    media_id: z.string(),
    status: z.enum(JOB_STATUSES),
    deduplicated: z.boolean().openapi({
      description:
        "true: the same was submitted a short while ago, and this is that job. `force_new` makes it again",
    }),
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
            steps: z.string().optional().openapi({ description: "JSON array of Step" }),
          }),
        },
        "application/json": { schema: jobRequest },
      },
    },
  },
  responses: {
    200: {
      description: "The same was submitted before; this is its job",
      content: { "application/json": { schema: acceptedJob } },
    },
    201: { description: "Accepted", content: { "application/json": { schema: acceptedJob } } },
  },
});

submissionRoutes.post("/v1/jobs", requireScope("write"), async (c) => await submit(c));

for (const shorthand of SHORTHANDS) {
  const fields = shorthandFields.extend(shorthand.fields.shape);
  submissionRoutes.openAPIRegistry.registerPath({
    method: "post",
    path: shorthand.path,
    tags: ["jobs"],
    summary: shorthand.summary,
    security: [{ key: [] }],
    request: {
      body: {
        required: true,
        content: {
          "multipart/form-data": {
            schema: fields.extend({ input_file: z.string().openapi({ format: "binary" }) }),
          },
          "application/json": { schema: fields.extend({ media_id: z.string() }) },
        },
      },
    },
    responses: {
      200: {
        description: "The same was submitted before",
        content: { "application/json": { schema: acceptedJob } },
      },
      201: { description: "Accepted", content: { "application/json": { schema: acceptedJob } } },
    },
  });
  submissionRoutes.post(shorthand.path, requireScope("write"), async (c) => await submit(c, shorthand));
}

async function submit(c: AppContext, shorthand?: Shorthand): Promise<Response> {
  const body = readBody(c, shorthand);
  return await answerOnce(c, {
    fingerprint: async () => await fingerprintOf(c, await body.content()),
    async work(reservation) {
      const accept = () => body.accept(submitterOf(c, reservation));
      const submission = await withinQuota(c, 1, accept, ({ isNew }) => isNew);
      if (submission.isNew) c.executionCtx.waitUntil(announceJob(c.env, submission));
      return respond(c, await answerTo(c, submission));
    },
  });
}

/** A body can be read once: to submit a job, or to say what it would have asked for. */
interface JobBody {
  accept(submitter: Submitter): Promise<Submission>;
  content(): Promise<unknown>;
}

function readBody(c: AppContext, shorthand: Shorthand | undefined): JobBody {
  const contentType = c.req.header("Content-Type") ?? "";
  const body = c.req.raw.body;
  if (!body || c.req.header("Content-Length") === "0") {
    throw new MediaError("empty_body", "Send an input_file as multipart/form-data, or JSON with a media_id.");
  }
  if (/^multipart\/form-data\b/i.test(contentType)) {
    refuseOversize(c.req.header("Content-Length"));
    const parse: ParseForm = (form) => parseJobFields(shorthand ? expandForm(shorthand, form) : form);
    return {
      accept: (submitter) => acceptMultipart(c.env, body, contentType, submitter, parse),
      content: () => readContent(body, contentType, parse),
    };
  }
  if (/^application\/json\b/i.test(contentType)) {
    const parsed = async () => {
      const json = await readJsonBody(body, LIMITS.maxJsonBytes);
      return parseFields(jobRequest, shorthand && isObject(json) ? expand(shorthand, json) : json);
    };
    return { accept: async (submitter) => acceptRequest(c.env, await parsed(), submitter), content: parsed };
  }
  throw new MediaError(
    "unsupported_content_type",
    `${contentType || "No Content-Type"} is not accepted here.`,
  );
}

function isObject(json: unknown): json is Record<string, unknown> {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

function submitterOf(c: AppContext, reservation: Reservation | undefined): Submitter {
  return {
    owner: c.get("caller").owner,
    keyId: c.get("caller").keyId,
    requestId: c.get("requestId"),
    traceparent: c.get("traceparent"),
    once: reservation && {
      reservation,
      keep: async (submission, content) => ({
        fingerprint: await fingerprintOf(c, content),
        sealed: await sealFor(c, reservation, await answerTo(c, submission)),
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

async function answerTo(c: AppContext, { job, isNew, atMs }: Submission): Promise<Answer> {
  const self = `${new URL(c.req.url).origin}/v1/jobs/${job.id}`;
  const document: z.infer<typeof acceptedJob> = {
    job_id: job.id,
    media_id: job.mediaId,
    status: job.status,
    deduplicated: !isNew,
    estimated_duration: job.estimatedDurationMs / 1000,
    estimated_range: job.estimate && { low: job.estimate.lowMs / 1000, high: job.estimate.highMs / 1000 },
    // The same however often it is made, so that the answer that is kept is the one that is given.
    watch_token: await createWatchToken(configOf(c.env).tokenSecret, job.id, job.owner, atMs),
    links: {
      self,
      progress: `${self}/progress`,
      ws: `${self.replace(/^http/, "ws")}/ws`,
      events: `${self}/events`,
    },
  };
  const headers = { "Content-Type": "application/json", Location: self };
  return { status: isNew ? 201 : 200, headers, body: JSON.stringify(document) };
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
              z.object({
                name: z.string(),
                description: z.string(),
                specification: outputSpecification,
                steps: stepSpecifications.optional(),
              }),
            ),
          }),
        },
      },
    },
  },
});

submissionRoutes.openapi(presetList, (c) => c.json({ presets: Object.entries(PRESETS).map(presetDocument) }));

function presetDocument([name, { steps, ...preset }]: [string, (typeof PRESETS)[string]]) {
  return { name, ...preset, ...(steps && { steps: [...steps] }) };
}
