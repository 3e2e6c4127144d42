import { Webhook } from "standardwebhooks";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { verifyWebhook } from "../../src/client/verify-webhook.ts";
import { LIMITS } from "../../src/config.ts";
import { newId } from "../../src/id.ts";
import { finishTask } from "../../src/jobs/store/finish-task.ts";
import { concludeDeliveries } from "../../src/webhooks/conclude-deliveries.ts";
import { claimDeliveries } from "../../src/webhooks/deliveries.ts";
import { attemptDelivery } from "../../src/webhooks/delivery.ts";
import { redeliver } from "../../src/webhooks/delivery-log.ts";
import { dispatchEvents } from "../../src/webhooks/dispatch.ts";
import {
  ensureDefaultSecret,
  newSecret,
  rotateSecret,
  showDefaultSecret,
} from "../../src/webhooks/secrets.ts";
import { ask, emptyStorage, keyFor, prepareDatabase, testEnv } from "../fixtures/app.ts";
import { claimOne, finished, outputOf, rowsOf, START_MS, submit } from "../fixtures/jobs.ts";
import { at, attempt, type Received, receive, register, withoutQueue } from "./receiving.ts";

const DB = testEnv.DB;
const MINUTE_MS = 60_000;
const URL = "https://hooks.example.com/in";

beforeAll(prepareDatabase);
beforeEach(emptyStorage);
afterEach(() => {
  vi.restoreAllMocks();
});

/** One delivery of `job.completed`, due now. */
async function completed(webhookUrl?: string) {
  const { job } = await submit({ webhookUrl });
  const claimed = await claimOne();
  await finishTask(DB, claimed.lease, finished([outputOf(claimed)]), START_MS);
  await DB.prepare("UPDATE events SET dispatched_at = 0 WHERE type <> 'job.completed'").run();
  await dispatchEvents(withoutQueue, [job.id], START_MS);
  return job;
}

/** A batch of two jobs with a URL of its own: `batch.progress` and `batch.completed` are due to it. */
async function endedBatch(): Promise<string> {
  const batch = newId("batch");
  await DB.prepare(
    "INSERT INTO batches (id, owner, on_item_failure, webhook_url, request_id, created_at) VALUES (?, ?, ?, ?, ?, ?)",
  )
    .bind(batch, "anna", "continue", URL, "req_test", START_MS)
    .run();
  const claimed = [];
  for (let n = 0; n < 2; n++) {
    const { job } = await submit();
    await DB.prepare("UPDATE jobs SET batch_id = ? WHERE id = ?").bind(batch, job.id).run();
    claimed.push(await claimOne());
  }
  for (const one of claimed) await finishTask(DB, one.lease, finished([outputOf(one)]), START_MS);
  await dispatchEvents(withoutQueue, [batch], START_MS);
  return batch;
}

const deliveries = () => rowsOf("webhook_deliveries");
const attempts = () => rowsOf("webhook_attempts");

describe("a delivery", () => {
  it("is signed, named and traced, and recorded with the beginning of the answer", async () => {
    const { endpoint, secret } = await register();
    await completed();
    const received = receive(() => new Response("thank you ".repeat(300), { status: 202 }));
    expect(await attempt(endpoint.id, at(START_MS))).toEqual({ health: "good" });
    const [{ headers, body, event }] = received as [Received];
    expect(headers.get("webhook-id")).toBe(event.data.event_id);
    expect(headers.get("webhook-timestamp")).toBe(String(START_MS / 1000));
    expect(headers.get("X-Event-Type")).toBe("job.completed");
    expect(headers.get("User-Agent")).toMatch(/^Darkroom/);
    expect(headers.get("traceparent")).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    expect(await verifyWebhook(body, headers, secret, { nowMs: START_MS })).toMatchObject({ event });
    expect(await deliveries()).toMatchObject([{ state: "delivered", attempts: 1, ended_at: START_MS }]);
    const [recorded] = await attempts();
    expect(recorded).toMatchObject({ number: 1, status: 202, error: null });
    expect(String(recorded?.response)).toHaveLength(1_024);
    expect(await attempt(endpoint.id, at(START_MS + MINUTE_MS))).toBeUndefined();
  });

  it("follows no redirect, and comes again by schedule under the same id at a time of its own", async () => {
    const { endpoint, secret } = await register();
    await completed();
    const modes: unknown[] = [];
    const received = receive((_, init) => {
      modes.push(init.redirect);
      return modes.length < 3
        ? new Response(null, { status: 302, headers: { Location: "http://169.254.169.254/" } })
        : new Response(null, { status: 200 });
    });
    await attempt(endpoint.id, at(START_MS));
    expect(await attempt(endpoint.id, at(START_MS + MINUTE_MS - 1))).toBeUndefined();
    await attempt(endpoint.id, at(START_MS + MINUTE_MS));
    await attempt(endpoint.id, at(START_MS + 3 * MINUTE_MS));
    expect(modes).toEqual(["manual", "manual", "manual"]);
    expect(new Set(received.map(({ url }) => url))).toEqual(new Set([URL]));
    expect(new Set(received.map(({ headers }) => headers.get("webhook-id"))).size).toBe(1);
    expect(new Set(received.map(({ headers }) => headers.get("webhook-timestamp"))).size).toBe(3);
    expect(new Set(received.map(({ body }) => body)).size).toBe(1);
    for (const { body, headers } of received) {
      const nowMs = Number(headers.get("webhook-timestamp")) * 1000;
      await expect(verifyWebhook(body, headers, secret, { nowMs })).resolves.toBeDefined();
    }
    expect(await deliveries()).toMatchObject([{ state: "delivered", attempts: 3 }]);
    expect(await attempts()).toMatchObject([{ status: 302 }, { status: 302 }, { status: 200 }]);
  });

  it("waits as long as Retry-After says, and the whole target with it", async () => {
    const { endpoint } = await register();
    await completed();
    receive(() => new Response("busy", { status: 503, headers: { "Retry-After": "100" } }));
    expect(await attempt(endpoint.id, at(START_MS))).toEqual({
      health: "paused",
      untilMs: START_MS + 100_000,
    });
    expect(await deliveries()).toMatchObject([{ state: "waiting", next_at: START_MS + 110_000 }]);
  });

  it("is no sign that the target is well when it is told to come less often", async () => {
    const { endpoint } = await register();
    await completed();
    receive(() => new Response("slow down", { status: 429 }));
    expect(await attempt(endpoint.id, at(START_MS))).toEqual({ health: "bad" });
    expect(await deliveries()).toMatchObject([{ state: "waiting" }]);
  });

  it("ends after eleven attempts that nobody answered", async () => {
    const { endpoint } = await register();
    await completed();
    const received = receive(() => Promise.reject(new Error("connection refused")));
    let nowMs = START_MS;
    while (received.length < 20 && (await attempt(endpoint.id, at(nowMs))))
      nowMs = Number((await deliveries())[0]?.next_at);
    expect(received).toHaveLength(11);
    expect(await deliveries()).toMatchObject([{ state: "failed", attempts: 11 }]);
    expect((await attempts()).every((row) => row.error === "network" && row.status === null)).toBe(true);
    expect(nowMs - START_MS).toBeLessThan(24 * 60 * MINUTE_MS);
  });

  it("disables an endpoint that answers 410, and discards what else waits for it", async () => {
    const { endpoint } = await register();
    await completed();
    await completed();
    receive(() => new Response(null, { status: 410 }));
    await attempt(endpoint.id, at(START_MS));
    expect(await rowsOf("webhook_endpoints")).toMatchObject([{ enabled: 0, disabled_reason: "gone" }]);
    expect(await rowsOf("webhook_deliveries", "state = 'discarded'")).toHaveLength(1);
    expect(await rowsOf("webhook_deliveries", "state = 'failed'")).toHaveLength(1);
    await submit();
    expect(await rowsOf("events", "dispatched_at IS NULL")).toEqual([]);
  });

  it("makes a job forget its own URL when that answers 410", async () => {
    const job = await completed(URL);
    const other = await completed(URL);
    receive(() => new Response(null, { status: 410 }));
    await attempt("anna@https://hooks.example.com", at(START_MS));
    expect(await rowsOf("jobs", "webhook_url IS NOT NULL")).toMatchObject([{ id: other.id }]);
    expect((await deliveries()).find((row) => row.job_id === job.id)).toMatchObject({ state: "failed" });
    expect((await deliveries()).find((row) => row.job_id === other.id)).toMatchObject({ state: "waiting" });
  });

  it("makes a batch forget its own URL when that answers 410, and its jobs keep theirs", async () => {
    const batchId = await endedBatch();
    const job = await completed(URL);
    receive(() => new Response(null, { status: 410 }));
    await attempt("anna@https://hooks.example.com", at(START_MS));
    expect(await rowsOf("batches")).toMatchObject([{ id: batchId, webhook_url: null }]);
    const ofBatch = (await deliveries()).filter((row) => row.job_id === null);
    expect(new Set(ofBatch.map((row) => row.state))).toEqual(new Set(["discarded", "failed"]));
    expect(await rowsOf("jobs", "webhook_url IS NOT NULL")).toMatchObject([{ id: job.id }]);
  });

  it("is not made to an endpoint that was disabled or removed in the meantime", async () => {
    const [kept, removed] = [await register(), await register()];
    await completed();
    await DB.batch([
      DB.prepare("UPDATE webhook_endpoints SET enabled = 0 WHERE id = ?").bind(kept.endpoint.id),
      DB.prepare("DELETE FROM webhook_endpoints WHERE id = ?").bind(removed.endpoint.id),
    ]);
    const received = receive(() => new Response());
    for (const { endpoint } of [kept, removed]) await attempt(endpoint.id, at(START_MS));
    expect(received).toEqual([]);
    expect(await deliveries()).toMatchObject([{ state: "discarded" }, { state: "discarded" }]);
  });

  it("to a job's own URL is signed with the owner's default secret", async () => {
    await completed(URL);
    await ensureDefaultSecret(DB, "anna", START_MS);
    const secret = (await showDefaultSecret(DB, "anna", START_MS))?.secret ?? "";
    expect(await showDefaultSecret(DB, "anna", START_MS)).toBeUndefined();
    const received = receive(() => new Response());
    await attempt("anna@https://hooks.example.com", at(START_MS));
    const [{ headers, body }] = received as [Received];
    await expect(verifyWebhook(body, headers, secret, { nowMs: START_MS })).resolves.toBeDefined();
  });
});

it("goes where its endpoint is by now", async () => {
  const { endpoint } = await register();
  await completed();
  const received = receive(() => new Response(null, { status: received.length === 1 ? 500 : 200 }));
  await attempt(endpoint.id, at(START_MS));
  await DB.prepare("UPDATE webhook_endpoints SET url = 'https://moved.example.com/'").run();
  await attempt(endpoint.id, at(START_MS + MINUTE_MS));
  expect(received.map(({ url }) => url)).toEqual([URL, "https://moved.example.com/"]);
  expect(await deliveries()).toMatchObject([{ state: "delivered", url: "https://moved.example.com/" }]);
});

describe("a target that may not be spoken to any more", () => {
  it.each<[string, string, string[]]>([
    ["whose name now leads inside", URL, ["10.0.0.1"]],
    ["that leads outside and inside", URL, ["93.184.216.34", "127.0.0.1"]],
    ["whose URL the rules refuse by now", "http://127.0.0.1/in", []],
  ])("is sent nothing: one %s", async (_, url, addresses) => {
    const { endpoint } = await register({ url });
    await completed();
    const received = receive(() => new Response());
    await attempt(endpoint.id, at(START_MS, { resolve: async () => addresses }));
    expect(received).toEqual([]);
    expect(await deliveries()).toMatchObject([{ state: "failed" }]);
    expect(await attempts()).toMatchObject([{ error: "refused", status: null }]);
  });

  it("is tried later while its name cannot be looked up", async () => {
    const { endpoint } = await register();
    await completed();
    const received = receive(() => new Response());
    await attempt(endpoint.id, at(START_MS, { resolve: () => Promise.reject(new Error("down")) }));
    expect(received).toEqual([]);
    expect(await deliveries()).toMatchObject([{ state: "waiting" }]);
    await attempt(endpoint.id, at(START_MS + MINUTE_MS, { resolve: async () => ["93.184.216.34"] }));
    expect(received).toHaveLength(1);
  });
});

describe("a lease on a delivery", () => {
  it("is given to one of those who ask at the same time", async () => {
    const { endpoint } = await register();
    await completed();
    const asked = await Promise.all(
      Array.from({ length: 8 }, (_, n) => claimDeliveries(DB, endpoint.id, `token-${n}`, 4, START_MS)),
    );
    expect(asked.flat()).toHaveLength(1);
  });

  it("runs out with its sender, whose late word then changes nothing", async () => {
    const { endpoint } = await register();
    await completed();
    const [slow] = await claimDeliveries(DB, endpoint.id, "slow", 1, START_MS);
    const laterMs = START_MS + LIMITS.deliveryLeaseMs;
    expect(await claimDeliveries(DB, endpoint.id, "early", 1, laterMs - 1)).toEqual([]);
    const [next] = await claimDeliveries(DB, endpoint.id, "next", 1, laterMs);
    if (!slow || !next) throw new Error("nothing was claimed");
    receive(() => new Response());
    const before = await deliveries();
    const late = await attemptDelivery(at(laterMs), slow);
    expect(await concludeDeliveries(DB, [late.conclusion], laterMs)).toEqual([]);
    expect(await deliveries()).toEqual(before);
    expect(await attempts()).toEqual([]);
    const { conclusion } = await attemptDelivery(at(laterMs), next);
    expect(await concludeDeliveries(DB, [late.conclusion, conclusion], laterMs)).toEqual([next.delivery.id]);
    expect(await attempts()).toMatchObject([{ number: 2, status: 200 }]);
  });
});

describe("the log of a batch", () => {
  const path = (batch: string, rest = "") => `/v1/batches/${batch}/deliveries${rest}`;
  const redo = (batch: string, id: string, headers: { Authorization: string }) =>
    ask(path(batch, `/${id}/redeliver`), { method: "POST", headers });

  it("lists what its own URL was sent, and sends it again by the id that its receiver saw", async () => {
    const key = await keyFor("anna");
    const batch = await endedBatch();
    await completed(URL);
    receive(() => new Response());
    for (let n = 0; n < 3; n++) await attempt("anna@https://hooks.example.com", at(START_MS));
    const listed = await ask(path(batch), { headers: key });
    const { deliveries: shown } = (await listed.json()) as { deliveries: Record<string, string>[] };
    expect(new Set(shown.map((each) => each.event_type))).toEqual(
      new Set(["batch.completed", "batch.progress"]),
    );
    const answer = await redo(batch, shown[0]?.event_id ?? "", key);
    expect(answer.status).toBe(202);
    expect(await answer.json()).toMatchObject({ delivery_id: shown[0]?.delivery_id, state: "waiting" });
    expect((await redo(batch, shown[1]?.delivery_id ?? "", key)).status).toBe(202);
  });

  it("is nobody else's, knows no delivery of another subject, and is empty for a batch without any", async () => {
    const [anna, bert] = [await keyFor("anna"), await keyFor("bert")];
    const batch = await endedBatch();
    await completed(URL);
    const [ofJob] = await rowsOf("webhook_deliveries", "job_id IS NOT NULL");
    expect((await ask(path(batch), { headers: bert })).status).toBe(404);
    const [own] = await rowsOf("webhook_deliveries", "job_id IS NULL");
    expect((await redo(batch, String(own?.id), bert)).status).toBe(404);
    for (const id of [ofJob?.id, ofJob?.event_id]) {
      expect((await redo(batch, String(id), anna)).status).toBe(404);
    }
    expect((await redo(batch, String(own?.event_id), anna)).status).toBe(409);
    await DB.prepare("DELETE FROM webhook_deliveries").run();
    expect(await (await ask(path(batch), { headers: anna })).json()).toEqual({ deliveries: [] });
  });
});

it("a secret rotates without an event that a receiver could not verify", async () => {
  const { endpoint, secret: old } = await register();
  const holder = { owner: "anna", endpointId: endpoint.id };
  const received = receive(() => new Response());
  const nowMs = Math.floor(Date.now() / 1000) * 1000;
  const deliverNext = async (ms: number) => {
    await completed();
    await attempt(endpoint.id, at(ms));
    const { headers, body } = received.at(-1) as Received;
    const verifies = (secret: string) => {
      try {
        return !!new Webhook(secret).verify(body, Object.fromEntries(headers));
      } catch {
        return false;
      }
    };
    return { verifies, signatures: headers.get("webhook-signature")?.split(" ").length };
  };
  expect((await deliverNext(nowMs)).verifies(old)).toBe(true);
  const rotated = newSecret(holder, nowMs, true);
  const fresh = rotated.secret;
  await rotateSecret(DB, holder, rotated, 60_000);
  const during = await deliverNext(nowMs + 59_999);
  expect([during.verifies(old), during.verifies(fresh), during.signatures]).toEqual([true, true, 2]);
  const after = await deliverNext(nowMs + 60_000);
  expect([after.verifies(old), after.verifies(fresh), after.signatures]).toEqual([false, true, 1]);
});

it("a delivery that ended is sent again under the same id, with its whole schedule before it", async () => {
  const { endpoint } = await register();
  await completed();
  const received = receive(() => new Response(null, { status: received.length === 1 ? 400 : 500 }));
  await attempt(endpoint.id, at(START_MS));
  const id = String((await deliveries())[0]?.id);
  expect(await redeliver(DB, "bert", id, START_MS)).toBeUndefined();
  expect(await redeliver(DB, "anna", id, START_MS + 1)).toMatchObject({ state: "waiting" });
  expect(await redeliver(DB, "anna", id, START_MS + 1)).toBeUndefined();
  await attempt(endpoint.id, at(START_MS + 1));
  expect(await deliveries()).toMatchObject([{ state: "waiting", next_at: START_MS + 1 + MINUTE_MS }]);
  expect(new Set(received.map(({ headers }) => headers.get("webhook-id"))).size).toBe(1);
  expect(await attempts()).toMatchObject([
    { number: 1, status: 400 },
    { number: 2, status: 500 },
  ]);
});
