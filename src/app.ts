import { requestId } from "hono/request-id";
import { secureHeaders } from "hono/secure-headers";
import { authenticate } from "./access/authenticate.ts";
import { allowOrigins } from "./access/cross-origin.ts";
import { rateLimit } from "./access/rate-limit.ts";
import { keyRoutes } from "./access/routes.ts";
import { sessionRoutes } from "./access/session-routes.ts";
import { activityRoutes } from "./activity/routes.ts";
import { canonicalPath } from "./aliases.ts";
import { configOf } from "./config.ts";
import { createRoutes } from "./create-routes.ts";
import { deliveryRoutes } from "./delivery/routes.ts";
import { healthRoutes } from "./health/routes.ts";
import { workerRoutes } from "./health/worker-routes.ts";
import { newId } from "./id.ts";
import { idempotent } from "./idempotency/idempotent.ts";
import { iiifRoutes } from "./image-url/iiif-routes.ts";
import { knowledgeRoutes } from "./image-url/knowledge-routes.ts";
import { imageUrlRoutes } from "./image-url/routes.ts";
import { srcsetRoutes } from "./image-url/srcset-routes.ts";
import { batchRoutes } from "./jobs/batch-routes.ts";
import { deadLetterRoutes } from "./jobs/dead-letter-routes.ts";
import { planRoutes } from "./jobs/plan-routes.ts";
import { jobRoutes } from "./jobs/routes.ts";
import { timelineRoutes } from "./jobs/timeline-routes.ts";
import { watchRoutes } from "./jobs/watch-routes.ts";
import { watchTokenRoutes } from "./jobs/watch-token-routes.ts";
import { mediaRoutes } from "./media/routes.ts";
import { describeApi } from "./openapi.ts";
import { pages } from "./pages/routes.tsx";
import { problemResponse } from "./problem.ts";
import { batchEndRoutes } from "./processing/batch-routes.ts";
import { requeueRoutes } from "./processing/requeue-routes.ts";
import { retryRoutes } from "./processing/retry-routes.ts";
import { processingRoutes } from "./processing/routes.ts";
import { serveStorage } from "./processing/storage-access.ts";
import { feedRoutes } from "./progress/feed-routes.ts";
import { receiptRoutes } from "./receipts/routes.ts";
import type { AppContext } from "./request-context.ts";
import { retentionRoutes } from "./retention/routes.ts";
import { destinationRoutes } from "./shipping/routes.ts";
import { batchSubmissionRoutes } from "./submission/batch-routes.ts";
import { submissionRoutes } from "./submission/routes.ts";
import { refuseUnknown } from "./unknown-route.ts";
import { deliveryLogRoutes } from "./webhooks/delivery-routes.ts";
import { redeliverRoutes } from "./webhooks/redeliver-routes.ts";
import { webhookRoutes } from "./webhooks/routes.ts";
import { webhookSecretRoutes } from "./webhooks/secret-routes.ts";

/** The whole HTTP surface: what wraps every request, who may enter where, and the one place where errors end. */
export const app = createRoutes({ getPath: canonicalPath });

app.use(
  requestId({ headerName: "X-Request-Id", limitLength: 128, generator: () => newId("request") }),
  secureHeaders({ crossOriginResourcePolicy: false, crossOriginEmbedderPolicy: false }),
  async function correlate(c, next) {
    const traceparent = c.req.header("traceparent");
    c.set(
      "traceparent",
      /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(traceparent ?? "") ? traceparent : undefined,
    );
    await next();
    // Answers that are not made by the context, problems and files among them, do not carry what was set before.
    c.res.headers.set("X-Request-Id", c.get("requestId"));
  },
);
app.use(allowOrigins());
app.onError((error, c) => problemResponse(error, c as AppContext));
app.notFound((c) => problemResponse(refuseUnknown(app.routes, c.req.method, c.req.path), c as AppContext));

// Open, or with a policy of their own.
app.route("/", healthRoutes);
app.route("/", pages);
app.route("/", sessionRoutes());
app.route("/", imageUrlRoutes);
app.route("/", iiifRoutes);
describeApi(app);

// The transcoder's way to storage where it is a process on this machine; its tokens are all it has.
app.all("/internal/storage/*", async (c) => {
  if (configOf(c.env).transcoderUrl === undefined) return c.notFound();
  return await serveStorage(c.req.raw, c.env);
});

// A key, the page's session, or a watch token of what is at hand.
app.route("/", watchRoutes);
app.route("/", feedRoutes);
app.route("/", deliveryRoutes);

// A key or the page's session.
app.use("/v1/*", authenticate(), rateLimit(), idempotent());
app.route("/", submissionRoutes);
app.route("/", batchSubmissionRoutes);
app.route("/", batchRoutes);
app.route("/", batchEndRoutes);
app.route("/", jobRoutes);
app.route("/", planRoutes);
app.route("/", watchTokenRoutes);
app.route("/", processingRoutes);
app.route("/", retryRoutes);
app.route("/", requeueRoutes);
app.route("/", deadLetterRoutes);
app.route("/", timelineRoutes);
app.route("/", mediaRoutes);
app.route("/", knowledgeRoutes);
app.route("/", srcsetRoutes);
app.route("/", retentionRoutes);
app.route("/", webhookSecretRoutes);
app.route("/", webhookRoutes);
app.route("/", deliveryLogRoutes);
app.route("/", redeliverRoutes);
app.route("/", workerRoutes);
app.route("/", keyRoutes());
app.route("/", destinationRoutes);
app.route("/", receiptRoutes);
app.route("/", activityRoutes);
