/** Destinations as rows, jobs with chained work, and a stand-in for the world outside that notes what it is sent. */
import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { vi } from "vitest";
import type { Ticket } from "../../src/config.ts";
import { newId } from "../../src/id.ts";
import { type NewDestination, partsOf } from "../../src/shipping/destination.ts";
import { createDestination } from "../../src/shipping/destinations.ts";
import { seal } from "../../src/shipping/seal.ts";
import worker from "../../src/worker.ts";
import { testEnv } from "../fixtures/app.ts";

export const SECRET = "test-token-secret-0123456789abcdef";

export interface Shipped {
  url: string;
  method: string;
  headers: Headers;
  body: Uint8Array;
  redirect: string | undefined;
}

/** From now on requests to other hosts end here. Returns what was received, in order. */
export function takeIn(answer: (shipped: Shipped, count: number) => Response | Promise<Response>): Shipped[] {
  const all: Shipped[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const request = new Request(input, init);
    const shipped = {
      url: request.url,
      method: request.method,
      headers: request.headers,
      body: new Uint8Array(await request.arrayBuffer()),
      redirect: init?.redirect,
    };
    all.push(shipped);
    return await answer(shipped, all.length);
  });
  return all;
}

export const HTTP: Extract<NewDestination, { kind: "http" }> = {
  kind: "http",
  name: "default",
  url: "https://in.example.com/upload-final",
};
export const BUCKET: Extract<NewDestination, { kind: "s3" }> = {
  kind: "s3",
  name: "archive",
  endpoint: "https://s3.eu-central-1.example.com",
  region: "eu-central-1",
  bucket: "pictures",
  prefix: "2026/autumn",
  access_key_id: "AKIDEXAMPLE",
  secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
};

/** Registers a destination of anna's behind the HTTP surface; its id. */
export async function destination(wanted: NewDestination, owner = "anna"): Promise<string> {
  const id = newId("destination");
  const { settings, secrets } = partsOf(wanted);
  const url = wanted.kind === "http" ? wanted.url : wanted.endpoint;
  const sealed = await seal(SECRET, id, JSON.stringify(secrets));
  const { kind, name } = wanted;
  await createDestination(testEnv.DB, { id, owner, name, kind, url, settings, sealed, createdAt: 0 });
  return id;
}

/** Delivers one ticket of a lane to the worker, as its queue does. */
export async function spend(lane: string): Promise<void> {
  const messages = [{ id: crypto.randomUUID(), timestamp: new Date(), attempts: 1, body: { lane } }];
  const batch = createMessageBatch<Ticket>(`darkroom-${lane}`, messages as never);
  const context = createExecutionContext();
  await worker.queue(batch, testEnv);
  await getQueueResult(batch, context);
}

/** Lets every task that waits for its time run now. */
export async function hurry(): Promise<void> {
  await testEnv.DB.prepare("UPDATE tasks SET available_at = 0 WHERE state = 'ready'").run();
}
