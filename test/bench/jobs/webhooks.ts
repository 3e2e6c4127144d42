import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { createDarkroomClient } from "../../../src/client/client.ts";
import { startStack } from "../../../src/local/stack.ts";
import type { Envelope } from "../../../src/webhooks/event.ts";
import { percentile, type Row } from "../row.ts";
import { makePhotos } from "./photos.ts";

const JOBS = 150;
const AT_ONCE = 8;
const EVENTS = ["media.ready", "job.started", "job.completed"];
const SLOW_ANSWER_MS = 1_000;
const PROMISED_MS = 5_000;
const GIVE_UP_MS = 60_000;
const CASE = `${JOBS} jobs' events to three endpoints, one dead, one slow`;

/** What the healthy endpoint was sent: of each event, how long after it happened it first came, ms. */
interface Heard {
  lags: Map<string, number>;
  repeats: number;
}

/**
 * How fast a healthy endpoint is told of a burst of jobs while another never answers and a third takes a second each.
 * The events are those of real jobs, so their rate is that of the jobs.
 */
export async function measureWebhooks(): Promise<Row[]> {
  const dir = mkdtempSync(join(tmpdir(), "darkroom-webhooks-bench-"));
  const stack = await startStack({ stateDir: join(dir, "state"), transcoder: "process" });
  const heard: Heard = { lags: new Map(), repeats: 0 };
  const receivers = await Promise.all([healthy(heard), () => {}, slow].map(listen));
  try {
    for (const receiver of receivers) await register(stack, addressOf(receiver));
    const startedAtMs = performance.now();
    await submitAll(createDarkroomClient({ baseUrl: stack.url, key: stack.key }));
    await untilHeard(heard);
    return rowsOf(heard, (performance.now() - startedAtMs) / 1000);
  } finally {
    for (const receiver of receivers) {
      receiver.closeAllConnections();
      receiver.close();
    }
    await stack.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

function healthy(heard: Heard): RequestListener {
  return (request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (part: string) => {
      body += part;
    });
    request.on("end", () => {
      const { timestamp, data } = JSON.parse(body) as Envelope;
      if (heard.lags.has(data.event_id)) heard.repeats++;
      else heard.lags.set(data.event_id, Date.now() - Date.parse(timestamp));
      response.writeHead(204).end();
    });
  };
}

const slow: RequestListener = (request, response) => {
  request.resume();
  setTimeout(() => response.writeHead(204).end(), SLOW_ANSWER_MS);
};

async function listen(listener: RequestListener): Promise<Server> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

const addressOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/in`;

async function register(stack: { url: string; key: string }, url: string): Promise<void> {
  const answer = await fetch(new URL("/v1/webhooks", stack.url), {
    method: "POST",
    headers: { Authorization: `Bearer ${stack.key}`, "Content-Type": "application/json" },
    body: JSON.stringify({ url, events: EVENTS }),
  });
  if (!answer.ok) throw new Error(`POST /v1/webhooks answered ${answer.status}: ${await answer.text()}`);
}

async function submitAll(client: ReturnType<typeof createDarkroomClient>): Promise<void> {
  const photos = (await makePhotos(JOBS)).values();
  const submitRest = async () => {
    for (const photo of photos) {
      const file = new Blob([photo], { type: "image/jpeg" });
      await client.createJob({ file, filename: "photo.jpg", outputs: [{ preset: "thumbnail" }] });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, submitRest));
}

async function untilHeard({ lags }: Heard): Promise<void> {
  const giveUpAtMs = Date.now() + GIVE_UP_MS;
  while (lags.size < JOBS * EVENTS.length && Date.now() < giveUpAtMs) await wait(100);
}

function rowsOf({ lags, repeats }: Heard, seconds: number): Row[] {
  const expected = JOBS * EVENTS.length;
  const all = [...lags.values()];
  const inTime = all.filter((ms) => ms <= PROMISED_MS).length;
  const row = (metric: string, ours: number, goal: number | null, better: Row["better"]): Row => {
    return { case: CASE, metric, ours, reference: null, ratio: null, goal, better };
  };
  return [
    row("% of events at the healthy one within 5 s", round((inTime / expected) * 100), 99, "higher"),
    row("events that never came there", expected - all.length, 0, "lower"),
    row("deliveries repeated", repeats, null, "lower"),
    row("ms from event to receiver, p50", percentile(all, 0.5), null, "lower"),
    row("ms from event to receiver, p99", percentile(all, 0.99), PROMISED_MS, "lower"),
    row("deliveries/s to the healthy one", round(all.length / seconds), null, "higher"),
  ];
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
