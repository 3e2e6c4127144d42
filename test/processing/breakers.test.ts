import {
  createExecutionContext,
  createMessageBatch,
  getQueueResult,
  runDurableObjectAlarm,
} from "cloudflare:test";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Env, Ticket } from "../../src/config.ts";
import { MediaError } from "../../src/errors.ts";
import { probeImage } from "../../src/image/probe.ts";
import { listBreakers, throughBreaker } from "../../src/processing/breakers.ts";
import { consumeTickets } from "../../src/processing/consumer.ts";
import { emptyStorage, prepareDatabase, testEnv } from "../fixtures/app.ts";
import { fileOf, photo } from "../fixtures/images.ts";

import { rowsOf, submit } from "../fixtures/jobs.ts";

const breakers = () => testEnv.CIRCUIT_BREAKERS.getByName("all");
/** In the future, so that no alarm rings but by the clock of the test. */
let nowMs = Date.now();

beforeAll(prepareDatabase);
beforeEach(async () => {
  await emptyStorage();
  // Each test begins long after the one before: what that one broke is forgotten.
  nowMs += 10 * 86_400_000;
  vi.useFakeTimers({ toFake: ["Date"], now: nowMs });
  await breakers().reportSuccess("storage");
  await breakers().reportSuccess("d1");
});
afterEach(() => {
  vi.useRealTimers();
});

function later(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}

async function standing(dependency: string) {
  return (await listBreakers(testEnv)).find((each) => each.dependency === dependency);
}

describe("storage that fails", () => {
  /** Delivers one ticket to the edge lane, with R2 as it is told to be; gives the delays of the tickets sent. */
  async function deliver(bucket: "works" | "fails"): Promise<number[]> {
    const sent: number[] = [];
    const queue = {
      sendBatch: async (_: unknown, options?: { delaySeconds?: number }) =>
        sent.push(options?.delaySeconds ?? 0),
    };
    const failing = new Proxy(testEnv.MEDIA, {
      get: (target, name) =>
        name === "get"
          ? () =>
              Promise.reject(new Error("get: We encountered an internal error. Please try again. (10001)"))
          : Reflect.get(target, name).bind(target),
    });
    const env = {
      ...testEnv,
      EDGE_QUEUE: queue,
      ...(bucket === "fails" && { MEDIA: failing }),
    } as unknown as Env;
    const message = { id: crypto.randomUUID(), timestamp: 1000, attempts: 1, body: { lane: "edge" } };
    const batch = createMessageBatch<Ticket>("darkroom-edge", [message] as never);
    const context = createExecutionContext();
    await consumeTickets(batch, env);
    await getQueueResult(batch, context);
    return sent;
  }

  async function submitPhotos(count: number): Promise<void> {
    const bytes = await fileOf(photo(32, 32), "png");
    const spec = { outputs: [imageOutput("a.png")], probe: probeImage(bytes, bytes.length) };
    for (let n = 0; n < count; n++) {
      const { job } = await submit({ createdAtMs: Date.now() + n, tasks: [{ spec }] });
      await testEnv.MEDIA.put(`media/${job.mediaId}/original`, bytes);
    }
    later(count);
  }

  it("costs three attempts; then tasks wait, unclaimed and unspent, until it answers again", async () => {
    await submitPhotos(4);
    for (let n = 0; n < 3; n++) await deliver("fails");
    expect(await standing("storage")).toMatchObject({ state: "open", openUntilMs: Date.now() + 60_000 });
    expect(await rowsOf("tasks", "1 ORDER BY created_at")).toMatchObject([
      { counted_failures: 1 },
      { counted_failures: 1 },
      // The third opened it, and waits with it.
      { counted_failures: 0, system_failures: 0, state: "ready" },
      { counted_failures: 0, attempt: 0 },
    ]);

    const [delay] = await deliver("fails");
    expect(delay).toBe(60);
    expect(await rowsOf("attempts")).toHaveLength(3);

    later(60_000);
    await runDurableObjectAlarm(breakers());
    expect(await standing("storage")).toMatchObject({ state: "closed" });
    later(3_000);
    for (let n = 0; n < 4; n++) await deliver("works");
    expect(await rowsOf("jobs", "status = 'completed'")).toHaveLength(4);
  });

  it("now and then, with work done in between, opens nothing", async () => {
    await submitPhotos(6);
    for (let n = 0; n < 6; n++) {
      await deliver(n % 2 === 0 ? "fails" : "works");
      later(5_000);
    }
    expect(await standing("storage")).toMatchObject({ state: "closed" });
  });
});

describe("a database that is overloaded", () => {
  it("is not asked by every ticket: they come again when it may have recovered", async () => {
    let asked = 0;
    const failing = new Proxy(testEnv.DB, {
      get: (target, name) =>
        name === "batch"
          ? () => {
              asked++;
              return Promise.reject(
                new Error("D1_ERROR: D1 DB is overloaded. Requests queued for too long."),
              );
            }
          : Reflect.get(target, name).bind(target),
    });
    const delays: number[] = [];
    const queue = {
      sendBatch: async (_: unknown, options?: { delaySeconds?: number }) =>
        delays.push(options?.delaySeconds ?? 0),
    };
    const env = { ...testEnv, DB: failing, EDGE_QUEUE: queue } as unknown as Env;
    const ticket = (n: number) => ({ id: `m${n}`, timestamp: 1000, attempts: 1, body: { lane: "edge" } });
    const batch = createMessageBatch<Ticket>("darkroom-edge", [1, 2, 3, 4, 5].map(ticket) as never);
    await consumeTickets(batch, env);
    const result = await getQueueResult(batch, createExecutionContext());
    expect(asked).toBe(3);
    expect(result.retryMessages).toHaveLength(3);
    expect(result.explicitAcks).toEqual(["m4", "m5"]);
    expect(delays).toEqual([45, 45]);
    expect(await standing("d1")).toMatchObject({ state: "open" });
    later(45_000);
    await runDurableObjectAlarm(breakers());
    expect(await standing("d1")).toMatchObject({ state: "closed" });
  });
});

describe("the breaker of a host", () => {
  const down = new MediaError("storage_failed", "503");
  const failing = () => throughBreaker(testEnv, `ship:anna@${host}`, () => Promise.reject(down));
  let host = "";
  beforeEach(() => {
    host = `${crypto.randomUUID()}.example.com`;
  });

  it("opens after five failures in a minute, and lets one through after another", async () => {
    for (let n = 0; n < 5; n++) await expect(failing()).rejects.toBe(down);
    const refused = await failing().catch((error) => error);
    expect(refused).toMatchObject({ code: "dependency_down", retryAfterMs: 60_000 });
    // Another host is another matter.
    expect(await throughBreaker(testEnv, "ship:anna@other.example.com", async () => "sent")).toBe("sent");

    later(60_000);
    const trial = Promise.withResolvers<string>();
    const tried = throughBreaker(testEnv, `ship:anna@${host}`, () => trial.promise);
    await expect.poll(async () => (await breakers().admit(`ship:anna@${host}`)).admitted).toBe(false);
    await expect(failing()).rejects.toMatchObject({ code: "dependency_down" });
    trial.resolve("sent");
    expect(await tried).toBe("sent");
    expect(await standing(`ship:anna@${host}`)).toBeUndefined();
  });

  it("is each owner's own; one whom it fails too, while it is down for others, needs a single failure", async () => {
    for (let n = 0; n < 5; n++) await failing().catch(() => {});
    const bert = (work: () => Promise<string>) => throughBreaker(testEnv, `ship:bert@${host}`, work);
    expect(await bert(async () => "sent")).toBe("sent");
    await expect(bert(() => Promise.reject(down))).rejects.toBe(down);
    const refused = await bert(async () => "sent").catch((error) => error);
    expect(refused).toMatchObject({ code: "dependency_down" });
    expect(refused.message).toContain(host);
    expect(refused.message).not.toContain("bert");
    // Where it works for everybody else, it takes five of one's own.
    const elsewhere = `ship:bert@${crypto.randomUUID()}.example.com` as const;
    await throughBreaker(testEnv, elsewhere, () => Promise.reject(down)).catch(() => {});
    expect(await throughBreaker(testEnv, elsewhere, async () => "sent")).toBe("sent");
  });

  it("opens again at once when the trial fails", async () => {
    for (let n = 0; n < 5; n++) await failing().catch(() => {});
    later(60_000);
    await expect(failing()).rejects.toBe(down);
    await expect(failing()).rejects.toMatchObject({ code: "dependency_down", retryAfterMs: 60_000 });
  });

  it("does not count a refusal: that is an answer", async () => {
    const refusal = new MediaError("invalid_request", "No.");
    for (let n = 0; n < 9; n++) {
      const refused = throughBreaker(testEnv, `source:anna@${host}`, () => Promise.reject(refusal));
      await expect(refused).rejects.toBe(refusal);
    }
    expect(await standing(`source:anna@${host}`)).toBeUndefined();
  });

  it("is let go by a trial that never reports", async () => {
    for (let n = 0; n < 5; n++) await failing().catch(() => {});
    later(60_000);
    expect(await breakers().admit(`ship:anna@${host}`)).toMatchObject({ admitted: true, state: "half_open" });
    expect(await breakers().admit(`ship:anna@${host}`)).toMatchObject({ admitted: false });
    later(30_000);
    expect(await breakers().admit(`ship:anna@${host}`)).toMatchObject({ admitted: true });
  });

  it("is forgotten when nobody has asked for an hour", async () => {
    for (let n = 0; n < 5; n++) await failing().catch(() => {});
    later(60_000 + 3_600_000);
    await runDurableObjectAlarm(breakers());
    expect(await standing(`ship:anna@${host}`)).toBeUndefined();
  });
});

function imageOutput(name: string) {
  const place = { position: { x: 0.5, y: 0.5 }, background: [255, 255, 255, 255] };
  return { name, format: "png", width: 4, resizeMode: "fit", allowEnlarge: false, ...place, quality: 80 };
}
