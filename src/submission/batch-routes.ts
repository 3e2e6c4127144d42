import { z } from "@hono/zod-openapi";
import { requireScope } from "../access/authenticate.ts";
import { withinQuota } from "../access/daily-quota.ts";
import { LIMITS } from "../config.ts";
import { createRoutes } from "../create-routes.ts";
import { MediaError } from "../errors.ts";
import { answerOnce, fingerprintOf, respond, sealFor } from "../idempotency/answer-once.ts";
import { IDEMPOTENCY_HEADER } from "../idempotency/key.ts";
import type { Reservation } from "../idempotency/reservations.ts";
import type { Answer } from "../idempotency/sealed-answer.ts";
import { batchWithItems, describeBatch, describeItems } from "../jobs/batch-document.ts";
import type { AppContext } from "../request-context.ts";
import { type AcceptedBatch, acceptBatchRequest, type BatchSubmitter } from "./accept-batch.ts";
import { announceBatch } from "./announce.ts";
import { type BatchRequest, batchRequest } from "./batch-fields.ts";
import { parseFields } from "./job-fields.ts";
import { readJsonBody } from "./json-body.ts";

/** Submitting many jobs at once. */
export const batchSubmissionRoutes = createRoutes();

// Described here and parsed by hand, because the answer is kept in the transaction that accepts the batch.
batchSubmissionRoutes.openAPIRegistry.registerPath({
  method: "post",
  path: "/v1/batches",
  tags: ["batches"],
  summary: "Submit up to 100 jobs on stored media or URLs; all are accepted, or none",
  security: [{ key: [] }],
  request: {
    headers: z.object({ [IDEMPOTENCY_HEADER]: z.string().max(255).optional() }),
    body: { required: true, content: { "application/json": { schema: batchRequest } } },
  },
  responses: {
    201: { description: "Accepted", content: { "application/json": { schema: batchWithItems } } },
  },
});

batchSubmissionRoutes.post("/v1/batches", requireScope("write"), async (c) => {
  const request = await readRequest(c);
  const fingerprint = () => fingerprintOf(c, request);
  return await answerOnce(c, {
    fingerprint,
    async work(reservation) {
      const accepted = await withinQuota(c, request.items.length, () =>
        acceptBatchRequest(c.env, request, submitterOf(c, reservation, fingerprint)),
      );
      c.executionCtx.waitUntil(announceBatch(c.env, accepted.planned));
      return respond(c, answerTo(c, accepted));
    },
  });
});

async function readRequest(c: AppContext): Promise<BatchRequest> {
  const contentType = c.req.header("Content-Type") ?? "";
  const body = c.req.raw.body;
  if (!body) throw new MediaError("empty_body", "Send a JSON document with items.");
  if (/^application\/json\b/i.test(contentType))
    return parseFields(batchRequest, await readJsonBody(body, LIMITS.maxJsonBytes));
  throw new MediaError("unsupported_content_type", "A batch is sent as application/json.");
}

function submitterOf(
  c: AppContext,
  reservation: Reservation | undefined,
  fingerprint: () => Promise<string>,
): BatchSubmitter {
  return {
    owner: c.get("caller").owner,
    keyId: c.get("caller").keyId,
    requestId: c.get("requestId"),
    traceparent: c.get("traceparent"),
    once: reservation && {
      reservation,
      keep: async (accepted) => ({
        fingerprint: await fingerprint(),
        sealed: await sealFor(c, reservation, answerTo(c, accepted)),
      }),
    },
  };
}

function answerTo(c: AppContext, { batch, planned }: AcceptedBatch): Answer {
  const none = { processing: 0, completed: 0, failed: 0, cancelled: 0 };
  const counts = { total: planned.length, pending: planned.length, ...none };
  const document = describeBatch({ batch, counts, progressPercentage: 0 }, new URL(c.req.url).origin);
  const items = describeItems(planned);
  return {
    status: 201,
    headers: { "Content-Type": "application/json", Location: document.links.self },
    body: JSON.stringify({ ...document, items }),
  };
}
