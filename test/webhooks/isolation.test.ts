import { createMessageBatch } from "cloudflare:test";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { BREAKERS } from "../../src/breaker.ts";
import type { DeliveryTicket } from "../../src/config.ts";
import { newId } from "../../src/id.ts";
import { reissueTickets, sweep } from "../../src/retention/sweep.ts";
import { consumeDeliveryTickets } from "../../src/webhooks/consumer.ts";
import { addToLog } from "../../src/webhooks/delivery-log.ts";
import type { EndpointRow } from "../../src/webhooks/endpoints.ts";
import { AT_FIRST, MOST_AT_ONCE, windowAfter } from "../../src/webhooks/send-window.ts";
import { forgetDeliveries, reissueDeliveries } from "../../src/webhooks/sweep.ts";
import { emptyStorage, prepareDatabase, testEnv } from "../fixtures/app.ts";
import { rowsOf } from "../fixtures/jobs.ts";
import { type Received, receive, register, withoutQueue } from "./receiving.ts";

beforeAll(prepareDatabase);
beforeEach(emptyStorage);
afterEach(() => {
  vi.restoreAllMocks();
});

/** Events that nobody has sent yet, due now. */
async function pending(endpoint: EndpointRow, count: number, nowMs = Date.now()): Promise<void> {
  for (let n = 0; n < count; n++) {
    const id = newId("event", nowMs);
    const event = {
      ...{ id, owner: endpoint.owner, subjectId: endpoint.id, jobId: null, cause: id, sequence: n + 1 },
      ...{ type: "media.ready" as const, correlationId: "req_test", traceparent: null, snapshot: {} },
      ...{ webhookUrl: null, createdAt: nowMs, dispatchedAt: nowMs },
    };
    await addToLog(testEnv.DB, event, { endpointId: endpoint.id, url: endpoint.url }, nowMs);
  }
}

async function ticketsFor(...targets: string[]): Promise<void> {
  const messages = targets.map((target) => ({
    id: crypto.randomUUID(),
    timestamp: new Date(),
    attempts: 1,
    body: { target },
  }));
  const batch = createMessageBatch<DeliveryTicket>("darkroom-webhooks", messages);
  await consumeDeliveryTickets(batch, testEnv);
}

/** Until something that happens elsewhere has happened; looks again with each turn of the database. */
async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await testEnv.DB.prepare("SELECT 1").first();
}

it("one dead and one slow endpoint do not hold up a healthy one, however often the tickets come", async () => {
  const [dead, slow, healthy] = [
    await register({ url: "https://dead.example.com/" }),
    await register({ url: "https://slow.example.com/" }),
    await register({ url: "https://healthy.example.com/" }),
  ];
  for (const { endpoint } of [dead, slow, healthy]) await pending(endpoint, 12);
  let isReleased = false;
  const received = receive(async ({ url }) => {
    if (url.includes("dead")) throw new Error("connection refused");
    if (url.includes("healthy")) return new Response();
    await until(() => isReleased);
    return new Response();
  });
  const to = (name: string) => received.filter(({ url }) => url.includes(name));
  const ids = [dead, slow, healthy].map(({ endpoint }) => endpoint.id);
  await ticketsFor(...ids, ...ids);
  await until(() => to("healthy").length === 12);
  await until(async () => (await rowsOf("webhook_deliveries", "state = 'delivered'")).length === 12);
  expect(new Set(to("healthy").map((each: Received) => each.headers.get("webhook-id"))).size).toBe(12);
  // The slow one is asked a few things at a time.
  await until(() => to("slow").length === BREAKERS.webhook.concurrent);
  // The dead one is left alone after ten failures, or as many as were under way by then; the rest waits.
  await until(() => to("dead").length >= BREAKERS.webhook.failures);
  expect(to("dead").length).toBeLessThan(BREAKERS.webhook.failures + BREAKERS.webhook.concurrent);
  await until(
    async () =>
      (await rowsOf("webhook_deliveries", `target = '${ids[0]}' AND state = 'sending'`)).length === 0,
  );
  expect(await rowsOf("webhook_deliveries", `target = '${ids[0]}' AND state = 'waiting'`)).toHaveLength(12);
  expect(to("slow")).toHaveLength(BREAKERS.webhook.concurrent);
  isReleased = true;
  await until(async () => (await rowsOf("webhook_deliveries", "state = 'delivered'")).length === 24);
  expect(to("slow")).toHaveLength(12);
});

describe("a window on a target", () => {
  const good = { health: "good" } as const;
  it("opens by one with each answer that comes soon, to a limit, halves after a slow one, closes after a failure", () => {
    let window: number = AT_FIRST;
    for (let n = 0; n < 30; n++) window = windowAfter(window, good, 800);
    expect(window).toBe(MOST_AT_ONCE);
    expect(windowAfter(window, { health: "unknown" }, 0)).toBe(MOST_AT_ONCE);
    expect(windowAfter(window, good, 2_500)).toBe(MOST_AT_ONCE / 2);
    expect(windowAfter(AT_FIRST + 1, good, 2_500)).toBe(AT_FIRST);
    expect(windowAfter(window, { health: "bad" }, 20)).toBe(AT_FIRST);
    expect(windowAfter(window, { health: "paused", untilMs: 1 }, 20)).toBe(AT_FIRST);
  });

  it("lets a burst to a fast endpoint go out many at once, each once", async () => {
    const { endpoint } = await register();
    await pending(endpoint, 60);
    let underWay = 0;
    let most = 0;
    const received = receive(async () => {
      most = Math.max(most, ++underWay);
      await testEnv.DB.prepare("SELECT 1").first();
      underWay--;
      return new Response();
    });
    await ticketsFor(endpoint.id);
    await until(async () => (await rowsOf("webhook_deliveries", "state = 'delivered'")).length === 60);
    expect(received).toHaveLength(60);
    expect(most).toBeGreaterThan(AT_FIRST);
    expect(most).toBeLessThanOrEqual(MOST_AT_ONCE);
    expect(await rowsOf("webhook_attempts")).toHaveLength(60);
  });
});

it("what a lost message left is found by the sweep", async () => {
  const { endpoint } = await register();
  const nowMs = Date.now();
  await pending(endpoint, 2, nowMs - 60_000);
  const sent: unknown[] = [];
  const WEBHOOK_QUEUE = { sendBatch: async (batch: Iterable<unknown>) => sent.push(...batch) };
  const env = { ...withoutQueue, WEBHOOK_QUEUE: WEBHOOK_QUEUE as unknown as Queue<DeliveryTicket> };
  expect(await reissueDeliveries(env, nowMs)).toBe(1);
  expect(sent).toEqual([{ body: { target: endpoint.id } }]);
  expect(await reissueTickets(env, nowMs)).toBe(0);
});

it("endpoints that are down leave the sweep time for one whose ticket was lost", async () => {
  const { endpoint } = await register();
  const nowMs = Date.now();
  for (let n = 0; n < 25; n++) {
    await pending({ ...endpoint, id: newId("webhook") }, 1, nowMs - 3_600_000);
  }
  await pending(endpoint, 1, nowMs - 60_000);
  const sent: { body: DeliveryTicket }[] = [];
  const WEBHOOK_QUEUE = { sendBatch: async (batch: { body: DeliveryTicket }[]) => sent.push(...batch) };
  const env = { ...withoutQueue, WEBHOOK_QUEUE: WEBHOOK_QUEUE as unknown as Queue<DeliveryTicket> };
  await reissueDeliveries(env, nowMs);
  expect(sent).toHaveLength(26);
  expect(sent).toContainEqual({ body: { target: endpoint.id } });
});

it("the sweep forgets a minute's deliveries of a busy service in one go", async () => {
  const { endpoint } = await register();
  await pending(endpoint, 60, Date.now() - 31 * 86_400_000);
  expect(await sweep(withoutQueue, Date.now())).toMatchObject({ deliveriesForgotten: 60 });
  expect(await rowsOf("webhook_deliveries")).toEqual([]);
  expect(await rowsOf("events")).toEqual([]);
});

it("deliveries are forgotten after 30 days, with their attempts and events", async () => {
  const { endpoint } = await register();
  const nowMs = Date.now();
  const day = 86_400_000;
  await pending(endpoint, 2, nowMs - 30 * day - 1);
  await pending(endpoint, 1, nowMs - 29 * day);
  expect(await forgetDeliveries(withoutQueue, nowMs, 1)).toBe(1);
  expect(await forgetDeliveries(withoutQueue, nowMs, 100)).toBe(1);
  expect(await rowsOf("webhook_deliveries")).toHaveLength(1);
  expect(await rowsOf("events")).toHaveLength(1);
});
