import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { makeSamplePhoto } from "../../src/local/sample-photo.ts";
import type { Envelope } from "../../src/webhooks/event.ts";
import { key, url } from "./service.ts";

/** What a real HTTP server was sent, exactly as it came. */
interface Received {
  path: string;
  headers: Record<string, string>;
  body: string;
  event: Envelope;
}

const dir = mkdtempSync(join(tmpdir(), "darkroom-webhooks-"));
const received: Received[] = [];
let failNext = 0;
let photo: Blob;

const receiver = createServer((request, response) => void answer(request, response));

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks).toString("utf8");
  received.push({
    path: request.url ?? "",
    headers: request.headers as Record<string, string>,
    body,
    event: JSON.parse(body) as Envelope,
  });
  const fails = failNext > 0;
  if (fails) failNext--;
  response.writeHead(fails ? 503 : 204, fails ? { "Retry-After": "1" } : {}).end();
  receiver.emit("received");
}

beforeAll(async () => {
  receiver.listen(0, "127.0.0.1");
  await once(receiver, "listening");
  photo = new Blob([readFileSync(await makeSamplePhoto(dir))]);
});

afterAll(() => {
  receiver.close();
  rmSync(dir, { recursive: true, force: true });
});

const here = (path: string) => `http://127.0.0.1:${(receiver.address() as AddressInfo).port}${path}`;

async function post<T>(path: string, body: unknown = {}): Promise<T> {
  const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
  const response = await fetch(`${url}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  expect(response.ok, await response.clone().text()).toBe(true);
  return (await response.json()) as T;
}

async function submit(webhookUrl?: string): Promise<string> {
  const form = new FormData();
  form.set("output_specifications", '[{"preset":"thumbnail"}]');
  form.set("force_new", "true");
  if (webhookUrl) form.set("webhook_url", webhookUrl);
  form.set("input_file", photo, "dusk.jpg");
  const headers = { Authorization: `Bearer ${key}` };
  const response = await fetch(`${url}/v1/jobs`, { method: "POST", headers, body: form });
  return ((await response.json()) as { job_id: string }).job_id;
}

/** Waits until an event of this kind has come for a job, as often as asked. */
async function come(path: string, type: string, jobId?: string, times = 1): Promise<Received[]> {
  for (;;) {
    const found = received.filter(
      (each) =>
        each.path === path && each.event.type === type && (!jobId || each.event.data.job?.job_id === jobId),
    );
    if (found.length >= times) return found;
    await once(receiver, "received");
  }
}

function verifies({ body, headers }: Received, secret: string): boolean {
  try {
    return Boolean(new Webhook(secret).verify(body, headers));
  } catch {
    return false;
  }
}

it("tells a real receiver of every job, verifiable through a rotation, and loses none", async () => {
  const made = await post<{ webhook_id: string; secret: string }>("/v1/webhooks", { url: here("/in") });
  const before = await submit();
  const [told] = await come("/in", "job.completed", before);
  expect(told && verifies(told, made.secret)).toBe(true);
  expect(told?.event.data.payload.output_files).toMatchObject([
    { name: "thumbnail.webp", url: `${url}/outputs/${before}/thumbnail.webp` },
  ]);

  const racing = submit();
  const rotated = await post<{ secret: string }>(`/v1/webhooks/${made.webhook_id}/rotate`);
  const jobs = [await racing, await submit()];
  for (const job of jobs) {
    for (const type of ["job.started", "job.completed"]) {
      const [each] = await come("/in", type, job);
      expect(each && verifies(each, made.secret)).toBe(true);
    }
  }
  const [last] = await come("/in", "job.completed", jobs[1]);
  expect(last && verifies(last, rotated.secret)).toBe(true);
  expect(last?.headers).toMatchObject({
    "webhook-id": last?.event.data.event_id,
    "x-event-type": "job.completed",
    traceparent: expect.stringMatching(/^00-/),
  });

  const sequences = received
    .filter(({ event }) => event.data.job?.job_id === jobs[1])
    .map(({ event }) => event.data.sequence);
  expect(new Set(sequences).size).toBe(sequences.length);
});

it("sends a job's own URL what is signed with the default secret, again when it was busy", async () => {
  failNext = 1;
  const { secret } = await post<{ secret: string }>("/v1/webhooks/default-secret/rotate");
  const job = await submit(here("/mine"));
  const [done] = await come("/mine", "job.completed", job);
  expect(done && verifies(done, secret)).toBe(true);
  expect((await come("/mine", "job.started", job)).length).toBeGreaterThan(0);
  const headers = { Authorization: `Bearer ${key}` };
  const answer = await fetch(`${url}/v1/jobs/${job}/deliveries`, { headers });
  const { deliveries } = (await answer.json()) as { deliveries: { event_type: string }[] };
  expect(deliveries.map((each) => each.event_type)).toContain("job.completed");
});

it("really sends a test, and keeps what came of it", async () => {
  const made = await post<{ webhook_id: string; secret: string }>("/v1/webhooks", { url: here("/ping") });
  await post(`/v1/webhooks/${made.webhook_id}/test`);
  const [ping] = await come("/ping", "webhook.ping");
  expect(ping && verifies(ping, made.secret)).toBe(true);
  expect(ping?.event.data.payload.metadata).toEqual({ webhook_id: made.webhook_id });
  const log = async () => {
    const headers = { Authorization: `Bearer ${key}` };
    const answer = await fetch(`${url}/v1/webhooks/${made.webhook_id}/deliveries`, { headers });
    return (await answer.json()) as { deliveries: unknown[] };
  };
  // The receiver has heard it a moment before the answer is written down.
  await vi.waitFor(async () => {
    expect(await log()).toMatchObject({
      deliveries: [{ event_type: "webhook.ping", state: "delivered", attempts: [{ status: 204 }] }],
    });
  }, 5_000);
});
