/** Nobody waits behind somebody else's endpoint: not in the queue, not in a sender, not in what the sweep makes good. */
import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import type { DeliveryTicket, Env } from "../../src/config.ts";
import { newId } from "../../src/id.ts";
import { consumeDeliveryTickets } from "../../src/webhooks/consumer.ts";
import { overdueTargets } from "../../src/webhooks/deliveries.ts";
import { addToLog } from "../../src/webhooks/delivery-log.ts";
import type { EndpointRow } from "../../src/webhooks/endpoints.ts";
import { reissueDeliveries } from "../../src/webhooks/sweep.ts";
import { emptyStorage, prepareDatabase, testEnv } from "../fixtures/app.ts";
import { receive, register, withoutQueue } from "./receiving.ts";

beforeAll(prepareDatabase);
beforeEach(emptyStorage);
afterEach(() => {
  vi.useRealTimers();
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

function batchOf(targets: string[]) {
  const messages = targets.map((target) => ({
    id: crypto.randomUUID(),
    timestamp: new Date(),
    attempts: 1,
    body: { target },
  }));
  return createMessageBatch<DeliveryTicket>("darkroom-webhooks", messages);
}

/** Until something that happens elsewhere has happened; looks again with each turn of the database. */
async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await testEnv.DB.prepare("SELECT 1").first();
}

it("in forty seconds of a clock that only the test moves, a healthy endpoint hears of everything before it moves on", async () => {
  const STEPS = 8;
  const STEP_MS = 5_000;
  const EACH = 3;
  /** The dead one is given up on after 15 s, the slow one answers after 10 s: at first when that time is over. */
  const takesMs = { dead: 15_000, slow: 10_000 };
  let nowMs = Date.now();
  vi.useFakeTimers({ toFake: ["Date"], now: nowMs });
  const endpoints = new Map<string, EndpointRow>();
  for (const name of ["dead", "slow", "healthy"]) {
    endpoints.set(name, (await register({ url: `https://${name}.example.com/` })).endpoint);
  }
  let slowNow = 0;
  let slowAtOnce = 0;
  const received = receive(async ({ url }) => {
    const name = new URL(url).host.split(".")[0];
    if (name !== "dead" && name !== "slow") return new Response();
    const dueMs = Date.now() + takesMs[name];
    if (name === "slow") slowAtOnce = Math.max(slowAtOnce, ++slowNow);
    await until(() => Date.now() >= dueMs);
    if (name === "dead") throw new Error("timeout");
    slowNow--;
    return new Response();
  });
  const to = (name: string) => received.filter(({ url }) => url.includes(name)).length;
  const targets = [...endpoints.values()].map(({ id }) => id);

  for (let step = 1; step <= STEPS; step++) {
    for (const endpoint of endpoints.values()) await pending(endpoint, EACH, nowMs);
    await consumeDeliveryTickets(batchOf(targets), testEnv);
    // The clock stands still until then: whoever waited for another endpoint would wait for ever.
    await until(() => to("healthy") === step * EACH);
    nowMs += STEP_MS;
    vi.setSystemTime(nowMs);
  }
  await until(() => to("slow") > 4 && to("dead") > 4);
  expect(slowAtOnce).toBeLessThanOrEqual(4);
  expect(to("dead")).toBeLessThan(STEPS * EACH);
  // Both recover, and what waited for the slow one goes out.
  Object.assign(takesMs, { dead: 0, slow: 0 });
  vi.setSystemTime(nowMs + 15_000);
  const count = async (state: string) =>
    await testEnv.DB.prepare("SELECT count(*) AS n FROM webhook_deliveries WHERE state = ?")
      .bind(state)
      .first<number>("n");
  await until(async () => (await count("delivered")) === 2 * STEPS * EACH && (await count("sending")) === 0);
});

it("a target that does not take its ticket is offered it again, and holds up no other batch", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const offered: string[] = [];
  const getByName = (target: string) => ({
    offer: async () => {
      offered.push(target);
      if (target === "whk_hung") await new Promise(() => {});
    },
  });
  const env = { ...testEnv, WEBHOOK_TARGET: { getByName } as unknown as Env["WEBHOOK_TARGET"] };
  const batch = batchOf(["whk_hung", "whk_healthy"]);
  const consumed = consumeDeliveryTickets(batch, env);
  await vi.advanceTimersByTimeAsync(5_000);
  await consumed;
  expect(offered).toEqual(["whk_hung", "whk_healthy"]);
  const result = await getQueueResult(batch, createExecutionContext());
  expect(result.explicitAcks).toEqual([batch.messages[1]?.id]);
  expect(result.retryMessages).toMatchObject([{ msgId: batch.messages[0]?.id }]);
});

it("the sweep reaches an endpoint whose ticket was lost, however many dead ones are overdue before it", async () => {
  const nowMs = Date.now();
  for (let n = 0; n < 40; n++) {
    const { endpoint } = await register({ url: `https://dead-${n}.example.com/` });
    await pending(endpoint, 1, nowMs - 3_600_000);
  }
  const { endpoint: healthy } = await register();
  await pending(healthy, 1, nowMs - 60_000);
  const sent: { body: DeliveryTicket }[] = [];
  const WEBHOOK_QUEUE = {
    sendBatch: async (batch: Iterable<{ body: DeliveryTicket }>) => sent.push(...batch),
  };
  const env = { ...withoutQueue, WEBHOOK_QUEUE: WEBHOOK_QUEUE as unknown as Queue<DeliveryTicket> };
  expect(await reissueDeliveries(env, nowMs)).toBe(41);
  expect(sent.map(({ body }) => body.target)).toContain(healthy.id);
  // Of more than one sweep can take, each has its turn.
  const found = new Set<string>();
  for (let sweep = 0; sweep < 2_000 && found.size < 41; sweep++)
    for (const target of await overdueTargets(testEnv.DB, nowMs, 5)) found.add(target);
  expect(found.size).toBe(41);
});
