import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Env } from "../../src/config.ts";
import worker from "../../src/worker.ts";
import { ask, emptyStorage, keyFor, prepareDatabase, testEnv } from "../fixtures/app.ts";
import { rowsOf, submit } from "../fixtures/jobs.ts";

beforeAll(prepareDatabase);
beforeEach(emptyStorage);

/** Delivers what died in a queue, to a worker whose own queues only remember what they are sent. */
async function deliver(queue: string, ...bodies: unknown[]) {
  const sent: { queue: string; body: unknown; delaySeconds: number | undefined }[] = [];
  const remember = (name: string) => ({
    async sendBatch(messages: Iterable<{ body: unknown }>, options?: { delaySeconds?: number }) {
      for (const { body } of messages) sent.push({ queue: name, body, delaySeconds: options?.delaySeconds });
    },
  });
  const env = {
    ...testEnv,
    EDGE_QUEUE: remember("edge"),
    IO_QUEUE: remember("io"),
    CONTAINER_LONG_QUEUE: remember("container-long"),
    WEBHOOK_QUEUE: remember("webhooks"),
  } as unknown as Env;
  const messages = bodies.map((body, n) => ({ id: `dead-${n}`, timestamp: new Date(), attempts: 1, body }));
  const batch = createMessageBatch(queue, messages as never);
  await worker.queue(batch as never, env);
  return { sent, result: await getQueueResult(batch, createExecutionContext()) };
}

describe("a ticket that died", () => {
  it("is sent again, a little later, when its lane has work", async () => {
    await submit({ createdAtMs: Date.now() });
    const { sent, result } = await deliver("darkroom-edge-dead", { lane: "edge" });
    expect(sent).toEqual([{ queue: "edge", body: { lane: "edge" }, delaySeconds: 10 }]);
    expect(result.explicitAcks).toEqual(["dead-0"]);
  });

  it("is forgotten when there is nothing to do", async () => {
    const { sent, result } = await deliver("darkroom-io-dead", { lane: "io" });
    expect([sent, result.explicitAcks]).toEqual([[], ["dead-0"]]);
    expect(await rowsOf("dead_messages")).toEqual([]);
  });

  it("of a webhook is sent again when its target has deliveries that are due", async () => {
    await testEnv.DB.prepare(
      `INSERT INTO webhook_deliveries (id, owner, event_id, event_type, url, target, state, next_at, created_at)
       VALUES ('dlv_1', 'anna', 'evt_1', 'job.completed', 'https://a.example/', 'whk_1', 'waiting', 0, 0)`,
    ).run();
    const { sent } = await deliver("darkroom-webhooks-dead", { target: "whk_1" }, { target: "whk_2" });
    expect(sent.map(({ body }) => body)).toEqual([{ target: "whk_1" }]);
  });
});

describe("a message that is no ticket", () => {
  it("is kept once for operators to see, whatever it is", async () => {
    const strange = ["hello", null, { lane: "moon" }, { huge: "x".repeat(5_000) }];
    await deliver("darkroom-edge-dead", ...strange);
    const { result } = await deliver("darkroom-edge-dead", ...strange);
    expect(result.explicitAcks).toHaveLength(4);
    const admin = await keyFor("anna", ["admin"]);
    const answer = await ask("/v1/dead-letters/messages", { headers: admin });
    const { messages } = (await answer.json()) as { messages: { id: string; queue: string; body: string }[] };
    expect(messages).toHaveLength(4);
    expect(messages.find(({ id }) => id === "dead-0")).toMatchObject({
      queue: "darkroom-edge-dead",
      body: '"hello"',
    });
    expect(Math.max(...messages.map(({ body }) => body.length))).toBe(1_000);
    expect((await ask("/v1/dead-letters/messages", { headers: await keyFor("anna") })).status).toBe(403);
  });
});
