/** What must never be spoken to is refused twice: when a URL is given, and again each time something would be sent. */
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Env } from "../../src/config.ts";
import { EVENT_TYPES } from "../../src/schema/webhooks.ts";
import { requireTarget } from "../../src/webhooks/check-url.ts";
import { dispatchEvents } from "../../src/webhooks/dispatch.ts";
import { dnsOverHttps } from "../../src/webhooks/resolve.ts";
import { ask, emptyStorage, keyFor, prepareDatabase, testEnv } from "../fixtures/app.ts";
import { claimOne, rowsOf, START_MS, submit } from "../fixtures/jobs.ts";
import { HOSTILE_HOSTS } from "./hostile-hosts.ts";
import { at, attempt, register, withoutQueue } from "./receiving.ts";

const HOSTILE_URLS: [string, string[]][] = [
  ...Object.entries(HOSTILE_HOSTS).map(([what, hosts]): [string, string[]] => {
    return [`into ${what}`, hosts.map((host) => `https://${host}/hook`)];
  }),
  [
    "that is odd",
    [
      "http://hooks.example.com/",
      "ftp://hooks.example.com/",
      "https://user:word@hooks.example.com/",
      "https://hooks.example.com:22/",
      "https://hooks.example.com:1023/",
    ],
  ],
];

let key: { Authorization: string };
beforeAll(async () => {
  await prepareDatabase();
  key = await keyFor("anna");
});
beforeEach(emptyStorage);
afterEach(() => {
  vi.restoreAllMocks();
});

async function post(path: string, body: unknown): Promise<Response> {
  const headers = { ...key, "Content-Type": "application/json" };
  return await ask(path, { method: "POST", headers, body: JSON.stringify(body) });
}

/** Writes one event for endpoints at these URLs, past the check of their registration. */
async function eventFor(urls: readonly string[]): Promise<string[]> {
  const endpoints = await Promise.all(urls.map((url) => register({ url, events: ["job.started"] })));
  const { job } = await submit();
  await claimOne();
  await dispatchEvents(withoutQueue, [job.id], START_MS);
  return endpoints.map(({ endpoint }) => endpoint.id);
}

describe.each(HOSTILE_URLS)("a URL %s", (_, urls) => {
  it("is not registered", async () => {
    for (const url of urls) {
      const answer = await post("/v1/webhooks", { url });
      expect([url, answer.status]).toEqual([url, 422]);
    }
    expect(await rowsOf("webhook_endpoints")).toEqual([]);
  });

  it("is not sent anything, should it be registered already", async () => {
    const send = vi.spyOn(globalThis, "fetch");
    for (const target of await eventFor(urls)) await attempt(target, at(START_MS));
    const refused = await rowsOf("webhook_attempts", "error = 'refused' AND status IS NULL");
    expect(refused).toHaveLength(urls.length);
    expect(send).not.toHaveBeenCalled();
  });
});

/** A resolver that answers with one address for IPv4 and none for IPv6; everything else fails. */
function resolverSays(address: string): string[] {
  const asked: string[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input) => {
    const url = new URL(String(input));
    if (url.hostname !== "resolver.example.com") throw new Error(`sent to ${url}`);
    asked.push(`${url.searchParams.get("type")} ${url.searchParams.get("name")}`);
    const Answer = url.searchParams.get("type") === "A" ? [{ type: 1, data: address }] : [];
    return Response.json({ Status: 0, Answer });
  });
  return asked;
}

const RESOLVER = "https://resolver.example.com/dns-query";
const resolving: Env = { ...testEnv, WEBHOOK_RESOLVER_URL: RESOLVER };

describe("a public name", () => {
  it.each(["10.0.0.1", "127.0.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"])(
    "that leads to %s is neither registered nor sent to",
    async (address) => {
      const asked = resolverSays(address);
      const given = requireTarget(resolving, "https://hooks.example.com/in", "url");
      await expect(given).rejects.toMatchObject({ code: "invalid_request" });
      const [target = ""] = await eventFor(["https://hooks.example.com/in"]);
      await attempt(target, at(START_MS, { resolve: dnsOverHttps(RESOLVER) }));
      expect(await rowsOf("webhook_attempts")).toMatchObject([{ error: "refused", status: null }]);
      const once = ["A hooks.example.com", "AAAA hooks.example.com"];
      expect(asked).toEqual([...once, ...once]);
    },
  );

  it("that leads to the internet is accepted", async () => {
    resolverSays("93.184.216.34");
    const url = await requireTarget(resolving, "https://hooks.example.com/in", "url");
    expect(url.href).toBe("https://hooks.example.com/in");
  });
});

describe("the filter of an endpoint", () => {
  it("takes every event that there is, and no other", async () => {
    const url = "https://hooks.example.com/in";
    const all = EVENT_TYPES.filter((type) => type !== "webhook.ping");
    expect(all).toEqual(
      expect.arrayContaining([
        ...["job.started", "job.progress", "job.completed", "job.failed", "job.retry", "job.cancelled"],
        ...["batch.progress", "batch.completed", "batch.failed"],
        ...["media.ready", "media.rejected", "upload.expired"],
      ]),
    );
    for (const type of all) expect((await post("/v1/webhooks", { url, events: [type] })).status).toBe(201);
    expect((await post("/v1/webhooks", { url, events: ["job.exploded"] })).status).toBe(422);
    expect((await post("/v1/webhooks", { url, events: [] })).status).toBe(422);
  });
});
