import { z } from "@hono/zod-openapi";
import { DELIVERY_STATES, EVENT_TYPES } from "../schema/webhooks.ts";
import type { DeliveryAttemptRow, DeliveryRow } from "./deliveries.ts";
import type { EndpointRow } from "./endpoints.ts";
import type { SecretRow } from "./secrets.ts";

const time = z.iso.datetime();

const eventFilter = z.array(z.enum([...EVENT_TYPES, "*"])).min(1);

export const endpointDocument = z
  .object({
    webhook_id: z.string(),
    url: z.string(),
    events: z.array(z.enum([...EVENT_TYPES, "*"])),
    progress_threshold: z.int().openapi({ description: "Percentage points between two job.progress events" }),
    enabled: z.boolean(),
    disabled_reason: z.enum(["owner", "gone"]).nullable().openapi({ description: "gone: it answered 410" }),
    created_at: time,
    updated_at: time,
  })
  .openapi("Webhook");

const progressThreshold = z.int().min(5).max(50);

export const newEndpoint = z
  .strictObject({
    url: z.string(),
    events: eventFilter.default(["*"]),
    progress_threshold: progressThreshold.default(25),
    enabled: z.boolean().default(true),
  })
  .openapi("NewWebhook");

export const endpointChange = z
  .strictObject({
    url: z.string(),
    events: eventFilter,
    progress_threshold: progressThreshold,
    enabled: z.boolean(),
  })
  .partial()
  .openapi("WebhookChange");

export const secretDocument = z.object({ secret: z.string().openapi({ description: "Shown this once" }) });

export const secretStatus = z
  .object({
    active_secrets: z.array(z.object({ created_at: time, expires_at: time.nullable() })),
    is_shown: z.boolean().openapi({ description: "Whether the newest one has been shown" }),
  })
  .openapi("DefaultSecret");

const attemptDocument = z.object({
  attempt: z.int(),
  at: time,
  duration_ms: z.int(),
  status: z.int().nullable(),
  error: z
    .string()
    .nullable()
    .openapi({ description: "timeout, network, unresolved, or refused: the URL may not be used" }),
  response: z.string().nullable().openapi({ description: "The first 1 KB of the answer" }),
});

export const deliveryDocument = z
  .object({
    delivery_id: z.string(),
    event_id: z.string().openapi({ description: "The webhook-id header" }),
    event_type: z.enum(EVENT_TYPES),
    webhook_id: z.string().nullable().openapi({ description: "null: the job's or batch's own webhook_url" }),
    job_id: z.string().nullable(),
    url: z.string(),
    state: z.enum(DELIVERY_STATES),
    attempts: z.array(attemptDocument),
    next_attempt_at: time.nullable(),
    created_at: time,
    ended_at: time.nullable(),
  })
  .openapi("WebhookDelivery");

export function describeEndpoint(row: EndpointRow): z.infer<typeof endpointDocument> {
  return {
    webhook_id: row.id,
    url: row.url,
    events: row.events,
    progress_threshold: row.progressStep,
    enabled: row.enabled,
    disabled_reason: row.disabledReason,
    created_at: isoTime(row.createdAt),
    updated_at: isoTime(row.updatedAt),
  };
}

/** @param secrets the active ones, newest first. */
export function describeSecrets(secrets: readonly SecretRow[]): z.infer<typeof secretStatus> {
  return {
    active_secrets: secrets.map(({ createdAt, expiresAt }) => ({
      created_at: isoTime(createdAt),
      expires_at: expiresAt === null ? null : isoTime(expiresAt),
    })),
    is_shown: secrets[0] !== undefined && secrets[0].shownAt !== null,
  };
}

export function describeDelivery(
  row: DeliveryRow,
  attempts: readonly DeliveryAttemptRow[],
): z.infer<typeof deliveryDocument> {
  return {
    delivery_id: row.id,
    event_id: row.eventId,
    event_type: row.eventType,
    webhook_id: row.endpointId,
    job_id: row.jobId,
    url: row.url,
    state: row.state,
    attempts: attempts.map((attempt) => ({
      attempt: attempt.number,
      at: isoTime(attempt.at),
      duration_ms: attempt.durationMs,
      status: attempt.status,
      error: attempt.error,
      response: attempt.response,
    })),
    next_attempt_at: row.state === "waiting" ? isoTime(row.nextAt) : null,
    created_at: isoTime(row.createdAt),
    ended_at: row.endedAt === null ? null : isoTime(row.endedAt),
  };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
