/** Endpoints as rows, and a stand-in for the world outside that notes what it is sent. */
import { vi } from "vitest";
import { type Env, LIMITS } from "../../src/config.ts";
import { newId } from "../../src/id.ts";
import type { EventType } from "../../src/schema/webhooks.ts";
import { concludeDeliveries } from "../../src/webhooks/conclude-deliveries.ts";
import { claimDeliveries } from "../../src/webhooks/deliveries.ts";
import { attemptDelivery, type DeliveryContext, type TargetHealth } from "../../src/webhooks/delivery.ts";
import { createEndpoint, type EndpointRow } from "../../src/webhooks/endpoints.ts";
import type { Envelope } from "../../src/webhooks/event.ts";
import { newSecret } from "../../src/webhooks/secrets.ts";
import { testEnv } from "../fixtures/app.ts";
import { START_MS } from "../fixtures/jobs.ts";

/** The service's bindings, but tickets go nowhere: a test claims by itself, at its own time. */
export const withoutQueue: Env = {
  ...testEnv,
  WEBHOOK_QUEUE: { sendBatch: async () => {} } as unknown as Env["WEBHOOK_QUEUE"],
};

export interface Received {
  url: string;
  headers: Headers;
  body: string;
  event: Envelope;
}

type Answer = (received: Received, init: RequestInit) => Response | Promise<Response>;

/** From now on requests to other hosts end here. Returns what was received, in order. */
export function receive(answer: Answer): Received[] {
  const all: Received[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init = {}) => {
    const body = String(init.body);
    const received = {
      url: String(input instanceof Request ? input.url : input),
      headers: new Headers(init.headers),
      body,
      event: JSON.parse(body) as Envelope,
    };
    all.push(received);
    return await answer(received, init);
  });
  return all;
}

/** Registers an endpoint of anna's, with its secret. */
export async function register(
  row: Partial<EndpointRow> = {},
): Promise<{ endpoint: EndpointRow; secret: string }> {
  const endpoint: EndpointRow = {
    id: newId("webhook"),
    owner: "anna",
    url: "https://hooks.example.com/in",
    events: ["*"],
    progressStep: 25,
    enabled: true,
    disabledReason: null,
    createdAt: START_MS,
    updatedAt: START_MS,
    ...row,
  };
  const secret = newSecret({ owner: endpoint.owner, endpointId: endpoint.id }, START_MS, true);
  await createEndpoint(testEnv.DB, endpoint, secret, LIMITS.maxWebhooks);
  return { endpoint, secret: secret.secret };
}

/** A world at one moment, without jitter. */
export function at(nowMs: number, context: Partial<DeliveryContext> = {}): DeliveryContext {
  return {
    d1: testEnv.DB,
    config: {
      publicOrigin: "https://darkroom.test",
      webhookLoopback: false,
      webhookPorts: [[443, 443]],
    },
    resolve: undefined,
    now: () => nowMs,
    random: () => 0.5,
    ...context,
  };
}

/** Makes one attempt of what is due longest to a target; undefined when nothing is. */
export async function attempt(target: string, context: DeliveryContext): Promise<TargetHealth | undefined> {
  const [claimed] = await claimDeliveries(context.d1, target, crypto.randomUUID(), 1, context.now());
  if (!claimed) return undefined;
  const { conclusion, health } = await attemptDelivery(context, claimed);
  await concludeDeliveries(context.d1, [conclusion], context.now());
  return health;
}

interface WrittenEvent {
  id: string;
  type: EventType;
  subject_id: string;
  sequence: number;
  snapshot: string;
  dispatched_at: number | null;
}

/** Every event that was written, in the order of writing. */
export async function eventsWritten(): Promise<WrittenEvent[]> {
  const { results } = await testEnv.DB.prepare("SELECT * FROM events ORDER BY rowid").all<WrittenEvent>();
  return results;
}

export async function typesWritten(): Promise<EventType[]> {
  return (await eventsWritten()).map((event) => event.type);
}
