import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ask, emptyStorage, keyFor, prepareDatabase } from "../fixtures/app.ts";
import { rowsOf } from "../fixtures/jobs.ts";

let anna: { Authorization: string };
let bert: { Authorization: string };

beforeAll(async () => {
  await prepareDatabase();
  anna = await keyFor("anna");
  bert = await keyFor("bert");
});
beforeEach(emptyStorage);

interface Endpoint {
  webhook_id: string;
  url: string;
  events: string[];
  progress_threshold: number;
  enabled: boolean;
  disabled_reason: string | null;
  secret: string;
}

async function send(method: string, path: string, body?: unknown, headers = anna): Promise<Response> {
  const json: Record<string, string> = body === undefined ? {} : { "Content-Type": "application/json" };
  return await ask(path, { method, body: JSON.stringify(body), headers: { ...headers, ...json } });
}

async function create(body: Record<string, unknown> = {}): Promise<Endpoint> {
  // Disabled, so that nothing is really sent.
  const answer = await send("POST", "/v1/webhooks", {
    url: "https://hooks.example.com/in",
    enabled: false,
    ...body,
  });
  expect(answer.status).toBe(201);
  return await answer.json();
}

describe("an owner", () => {
  it("registers an endpoint, whose secret is shown this once", async () => {
    const made = await create();
    expect(made.secret).toMatch(/^whsec_/);
    expect(made).toMatchObject({
      events: ["*"],
      progress_threshold: 25,
      url: "https://hooks.example.com/in",
    });
    for (const path of ["/v1/webhooks", `/v1/webhooks/${made.webhook_id}`]) {
      const text = await (await send("GET", path)).text();
      expect(text).toContain(made.webhook_id);
      expect(text).not.toContain(made.secret);
    }
  });

  it("registers 50 of 60 that come at once, and another when one was removed; others have room of their own", async () => {
    const one = { url: "https://hooks.example.com/in", enabled: false };
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, n) =>
        send("POST", "/v1/webhooks", one, { ...anna, "Idempotency-Key": `hook-${n}` } as typeof anna),
      ),
    );
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 201)).toHaveLength(50);
    expect(statuses.filter((status) => status === 409)).toHaveLength(10);
    expect(await rowsOf("webhook_endpoints")).toHaveLength(50);
    expect(await rowsOf("webhook_secrets")).toHaveLength(50);
    expect((await send("POST", "/v1/webhooks", one, bert)).status).toBe(201);
    const refused = statuses.indexOf(409);
    const again = { ...anna, "Idempotency-Key": `hook-${refused}` } as typeof anna;
    expect((await send("POST", "/v1/webhooks", one, again)).status).toBe(409);
    const [row] = await rowsOf<{ id: string }>("webhook_endpoints", "owner = 'anna'");
    expect((await send("DELETE", `/v1/webhooks/${row?.id}`)).status).toBe(204);
    expect((await send("POST", "/v1/webhooks", one)).status).toBe(201);
  });

  it("changes every part of it, and removes it", async () => {
    const { webhook_id } = await create();
    const path = `/v1/webhooks/${webhook_id}`;
    const change = {
      url: "https://other.example.com/",
      events: ["job.completed"],
      progress_threshold: 10,
      enabled: true,
    };
    expect(await (await send("PATCH", path, change)).json()).toMatchObject({
      ...change,
      disabled_reason: null,
    });
    expect(await (await send("PATCH", path, { enabled: false })).json()).toMatchObject({
      ...change,
      enabled: false,
      disabled_reason: "owner",
    });
    expect((await send("DELETE", path)).status).toBe(204);
    expect((await send("GET", path)).status).toBe(404);
    expect(await rowsOf("webhook_secrets")).toEqual([]);
  });

  it("lists endpoints newest first, a page at a time", async () => {
    const made = [await create(), await create(), await create()].map(({ webhook_id }) => webhook_id);
    const first = await send("GET", "/v1/webhooks?limit=2");
    const next = /<(.*)>; rel="next"/.exec(first.headers.get("Link") ?? "")?.[1];
    const second = await send("GET", String(next));
    const pages = (await Promise.all([first.json(), second.json()])) as { webhooks: Endpoint[] }[];
    expect(pages.flatMap(({ webhooks }) => webhooks.map((each) => each.webhook_id))).toEqual(made.reverse());
  });

  it("rotates a secret; the old one signs until the overlap is over", async () => {
    const { webhook_id, secret } = await create();
    const answer = await send("POST", `/v1/webhooks/${webhook_id}/rotate`, { overlap_seconds: 60 });
    const fresh = ((await answer.json()) as { secret: string }).secret;
    expect(fresh).toMatch(/^whsec_/);
    expect(fresh).not.toBe(secret);
    expect((await send("POST", `/v1/webhooks/${webhook_id}/rotate`)).status).toBe(200);
    const rows = await rowsOf<{ expires_at: number | null }>("webhook_secrets");
    expect(rows.filter((row) => row.expires_at === null)).toHaveLength(1);
    expect(Math.min(...rows.map((row) => row.expires_at ?? Infinity))).toBeLessThan(Date.now() + 61_000);
  });

  it("is shown the default secret once, and a new one by rotating it", async () => {
    const path = "/v1/webhooks/default-secret";
    expect(await (await send("GET", path)).json()).toEqual({ active_secrets: [], is_shown: false });
    const { secret } = (await (await send("POST", path)).json()) as { secret: string };
    expect(secret).toMatch(/^whsec_/);
    expect((await send("POST", path)).status).toBe(409);
    expect(await (await send("GET", path)).text()).not.toContain(secret);
    const rotated = (await (await send("POST", `${path}/rotate`, {})).json()) as { secret: string };
    expect(rotated.secret).not.toBe(secret);
    expect(await (await send("GET", path)).json()).toMatchObject({
      is_shown: true,
      active_secrets: [{ expires_at: null }, { expires_at: expect.any(String) }],
    });
  });

  it.each<[string, Record<string, unknown>, string]>([
    ["a URL inside the network", { url: "https://169.254.169.254/" }, "url"],
    ["a URL of this machine", { url: "http://localhost:9000/" }, "url"],
    ["a URL without TLS", { url: "http://hooks.example.com/" }, "url"],
    ["no URL", { url: undefined }, "url"],
    ["an unknown event", { events: ["job.exploded"] }, "events.0"],
    ["no event", { events: [] }, "events"],
    ["a threshold of nothing", { progress_threshold: 0 }, "progress_threshold"],
    ["an unknown field", { secret: "whsec_mine" }, "secret"],
  ])("is told when a request has %s", async (_, change, path) => {
    const body = { url: "https://hooks.example.com/", ...change };
    const answer = await send("POST", "/v1/webhooks", body);
    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({ errors: [{ path }] });
  });

  it("may not point a job, or an endpoint that exists, into the network either", async () => {
    const { webhook_id } = await create();
    const url = "https://[::ffff:10.0.0.1]/";
    expect((await send("PATCH", `/v1/webhooks/${webhook_id}`, { url })).status).toBe(422);
    const { results } = { results: await rowsOf("webhook_endpoints") };
    expect(results).toMatchObject([{ url: "https://hooks.example.com/in" }]);
  });

  it("cannot test an endpoint that is disabled", async () => {
    const { webhook_id } = await create();
    expect((await send("POST", `/v1/webhooks/${webhook_id}/test`)).status).toBe(409);
  });
});

describe("anyone else", () => {
  it.each<[string, string]>([
    ["GET", ""],
    ["PATCH", ""],
    ["DELETE", ""],
    ["POST", "/rotate"],
    ["POST", "/test"],
    ["GET", "/deliveries"],
    ["POST", "/deliveries/dlv_01m824gqqfta57k9ttd13ayk9f/redeliver"],
  ])("finds nothing at %s /v1/webhooks/{id}%s", async (method, rest) => {
    const { webhook_id } = await create();
    const path = `/v1/webhooks/${webhook_id}${rest}`;
    const body = method === "PATCH" ? {} : undefined;
    expect((await send(method, path, body, bert)).status).toBe(404);
    expect((await ask(path, { method })).status).toBe(401);
    expect(await rowsOf("webhook_secrets", "expires_at IS NULL")).toHaveLength(1);
    expect(await rowsOf("webhook_endpoints")).toHaveLength(1);
  });

  it("sees neither another's endpoints nor the webhooks of another's job", async () => {
    await create();
    expect(await (await send("GET", "/v1/webhooks", undefined, bert)).json()).toEqual({ webhooks: [] });
    expect(
      (await send("GET", "/v1/jobs/job_01m824gqn7rygzeqdq4qfykkhy/deliveries", undefined, bert)).status,
    ).toBe(404);
  });

  it("needs the scope to write", async () => {
    const reader = await keyFor("anna", ["read"]);
    expect((await send("POST", "/v1/webhooks", { url: "https://hooks.example.com/" }, reader)).status).toBe(
      403,
    );
    expect((await send("GET", "/v1/webhooks", undefined, reader)).status).toBe(200);
    expect((await send("POST", "/v1/webhooks/default-secret", undefined, reader)).status).toBe(403);
  });
});
