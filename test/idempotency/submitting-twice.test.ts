import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { LIMITS } from "../../src/config.ts";
import { reserveKey } from "../../src/idempotency/reservations.ts";
import { sweep } from "../../src/retention/sweep.ts";
import {
  ask,
  emptyStorage,
  keyFor,
  prepareDatabase,
  rowCounts,
  storedKeys,
  testEnv,
} from "../fixtures/app.ts";
import { fileOf, photo } from "../fixtures/images.ts";
import { rowsOf } from "../fixtures/jobs.ts";
import { file, multipart, outputs, problemOf, send, sendJson } from "../submission/sending.ts";

const DB = testEnv.DB;
const DAY_MS = 24 * 3_600_000;

let anna: Record<string, string>;
let bert: Record<string, string>;
let admin: Record<string, string>;
let jpeg: Uint8Array<ArrayBuffer>;

beforeAll(async () => {
  await prepareDatabase();
  anna = await keyFor("anna");
  bert = await keyFor("bert");
  admin = await keyFor("anna", ["admin"]);
  jpeg = await fileOf(photo(64, 48), "jpeg");
});
beforeEach(emptyStorage);

const under = (key: string, headers = anna) => ({ ...headers, "Idempotency-Key": key });
const photoParts = () => [file(jpeg), outputs([{ preset: "thumbnail" }])];

interface Accepted {
  job_id: string;
  media_id: string;
}

async function answerOf(response: Response) {
  const replayed = response.headers.get("Idempotent-Replayed");
  return {
    status: response.status,
    location: response.headers.get("Location"),
    replayed,
    body: await response.text(),
  };
}

describe("a job that is submitted twice under one key", () => {
  it("is one job, and the answer is the same to the letter", async () => {
    const first = await answerOf(await send(under("one"), photoParts()));
    const again = await answerOf(await send(under("one"), photoParts()));
    expect(first).toMatchObject({ status: 201, replayed: null });
    expect(again).toEqual({ ...first, replayed: "true" });
    expect(await rowCounts()).toMatchObject({ jobs: 1, media: 1 });
    expect(await storedKeys("media/")).toHaveLength(1);
  });

  it("is the same however it is written down: order of parts, boundary, white space, defaults, quotes", async () => {
    const first = await send(under("one"), photoParts());
    const form = new FormData();
    form.set("priority", "normal");
    form.set("output_specifications", '[ { "preset" : "thumbnail" } ]');
    form.set("input_file", new Blob([jpeg], { type: "image/jpeg" }), "photo.jpg");
    const again = await ask("/v1/jobs", { method: "POST", headers: under('"one"'), body: form });
    expect(again.headers.get("Idempotent-Replayed")).toBe("true");
    expect(await again.text()).toBe(await first.text());
  });

  it.each([
    [
      "another file",
      async () => [file(await fileOf(photo(32, 32), "jpeg")), outputs([{ preset: "thumbnail" }])],
    ],
    ["another output", async () => [file(jpeg), outputs([{ preset: "small" }])]],
    ["another priority", async () => [{ name: "priority", body: "low" }, ...photoParts()]],
  ])("is refused when it brings %s", async (_, parts) => {
    expect((await send(under("one"), photoParts())).status).toBe(201);
    await problemOf(await send(under("one"), await parts()), 422, "idempotency_key_reused");
    expect(await rowCounts()).toMatchObject({ jobs: 1 });
  });

  it("is created once when both arrive together, and the loser is told to wait", async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(under("one"), photoParts())));
    const statuses = answers.map((answer) => answer.status);
    const created = answers.filter((answer) => answer.status === 201);
    expect(created.filter((answer) => !answer.headers.has("Idempotent-Replayed"))).toHaveLength(1);
    expect(statuses.every((status) => status === 201 || status === 409)).toBe(true);
    for (const answer of answers.filter(({ status }) => status === 409)) {
      expect(answer.headers.get("Retry-After")).toBe("1");
      await problemOf(answer, 409, "idempotency_key_in_use");
    }
    expect(await rowCounts()).toMatchObject({ jobs: 1, media: 1, tasks: 1 });
    expect(await storedKeys("media/")).toHaveLength(1);
  });

  it("is each owner's own", async () => {
    const own = (await (await send(under("one"), photoParts())).json()) as Accepted;
    const other = await send(under("one", bert), photoParts());
    expect(other.headers.has("Idempotent-Replayed")).toBe(false);
    expect(((await other.json()) as Accepted).job_id).not.toBe(own.job_id);
  });

  it("may be corrected under the same key when it was refused, because nothing was created", async () => {
    await problemOf(
      await send(under("one"), [file(jpeg), outputs([{ preset: "none" }])]),
      422,
      "invalid_request",
    );
    await problemOf(await send(under("one"), [file("not an image")]), 415, "type_mismatch");
    expect((await send(under("one"), photoParts())).status).toBe(201);
  });

  it("works on stored media too", async () => {
    const { media_id } = (await (await send(anna, photoParts())).json()) as Accepted;
    const request = { media_id, output_specifications: [{ preset: "small" }] };
    const first = await answerOf(await sendJson(under("two"), request));
    const again = await answerOf(await sendJson(under("two"), { ...request, priority: "normal" }));
    expect(again).toEqual({ ...first, replayed: "true" });
    await problemOf(await sendJson(under("two"), { media_id }), 422, "idempotency_key_reused");
  });

  it("is another request where the same key was used on another route", async () => {
    expect((await send(under("one"), photoParts())).status).toBe(201);
    const body = JSON.stringify({ url: "https://hooks.example.com/in" });
    const headers = { ...under("one"), "Content-Type": "application/json" };
    const answer = await ask("/v1/webhooks", { method: "POST", headers, body });
    await problemOf(answer, 422, "idempotency_key_reused");
  });

  it("needs a key that is one", async () => {
    await problemOf(await send(under("a b"), photoParts()), 400, "invalid_idempotency_key");
  });
});

/** Waits until a key is reserved, and gives it to another request. */
async function takeOver(): Promise<void> {
  const statement = DB.prepare("UPDATE idempotency_keys SET token = 'another', lease_until = ?");
  while ((await statement.bind(Date.now() + 60_000).run()).meta.changes === 0);
}

describe("a key", () => {
  const at = (createdAt: number, key = "one") =>
    DB.prepare("UPDATE idempotency_keys SET created_at = ?, lease_until = ? WHERE key = ?")
      .bind(createdAt, createdAt, key)
      .run();

  it("is free again after 24 h, whether or not the sweep has been there", async () => {
    const first = (await (await send(under("one"), photoParts())).json()) as Accepted;
    await at(Date.now() - DAY_MS - 1);
    const second = await send(under("one"), [file(jpeg), outputs([{ preset: "small" }])]);
    expect(second.status).toBe(201);
    expect(((await second.json()) as Accepted).job_id).not.toBe(first.job_id);
  });

  it("is forgotten by the sweep, not a moment early", async () => {
    await send(under("one"), photoParts());
    expect((await sweep(testEnv, Date.now() + DAY_MS - 60_000)).keysForgotten).toBe(0);
    expect((await sweep(testEnv, Date.now() + DAY_MS + 60_000)).keysForgotten).toBe(1);
  });

  it("whose request died before it was accepted is free when its lease has lapsed", async () => {
    await reserveKey(DB, "anna", "one", Date.now());
    const blocked = await send(under("one"), photoParts());
    await problemOf(blocked, 409, "idempotency_key_in_use");
    await DB.prepare("UPDATE idempotency_keys SET lease_until = 0").run();
    expect((await send(under("one"), photoParts())).status).toBe(201);
    expect(await rowCounts()).toMatchObject({ jobs: 1 });
  });

  it("lapses one lease after it was taken", async () => {
    const atMs = 1_000_000;
    expect((await reserveKey(DB, "anna", "k", atMs)).state).toBe("ours");
    expect((await reserveKey(DB, "anna", "k", atMs + LIMITS.idempotencyLeaseMs - 1)).state).toBe("in_flight");
    expect((await reserveKey(DB, "anna", "k", atMs + LIMITS.idempotencyLeaseMs)).state).toBe("ours");
    const many = await Promise.all(
      Array.from({ length: 20 }, () => reserveKey(DB, "anna", "k", atMs + 2 * LIMITS.idempotencyLeaseMs)),
    );
    expect(many.filter(({ state }) => state === "ours")).toHaveLength(1);
  });

  it("that was taken over creates nothing for the request that was too slow, and leaves none of its bytes", async () => {
    const bytes = multipart(photoParts());
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        if (sent === bytes.length) return controller.close();
        // The last piece comes only when the key has been reserved, and then lost.
        if (sent > 0) await takeOver();
        const piece = sent === 0 ? bytes.subarray(0, 100) : bytes.subarray(100);
        sent += piece.length;
        controller.enqueue(piece);
      },
    });
    await problemOf(await send(under("one"), body), 409, "idempotency_key_in_use");
    expect(await rowCounts()).toEqual({});
    expect(await storedKeys()).toEqual([]);
    expect(await rowsOf("idempotency_keys")).toMatchObject([{ token: "another", answer: null }]);
  });

  it("is not spent on a failure of ours, and the job of a batch whose answer was lost is found again", async () => {
    await DB.exec("CREATE TRIGGER full BEFORE INSERT ON tasks BEGIN SELECT RAISE(ABORT, 'disk full'); END");
    expect((await send(under("one"), photoParts())).status).toBe(500);
    await DB.exec("DROP TRIGGER full");
    expect(await rowsOf("idempotency_keys")).toEqual([]);
    expect(await rowCounts()).toEqual({});
    const first = await answerOf(await send(under("one"), photoParts()));
    expect(first.status).toBe(201);
    // As if the process had died right after the batch: all that the client can do is to ask again.
    expect(await answerOf(await send(under("one"), photoParts()))).toEqual({ ...first, replayed: "true" });
  });

  it("is kept in the batch that accepts the job: when that fails there is neither", async () => {
    await DB.exec(
      "CREATE TRIGGER full BEFORE UPDATE OF answer ON idempotency_keys BEGIN SELECT RAISE(ABORT, 'disk full'); END",
    );
    expect((await send(under("one"), photoParts())).status).toBe(500);
    await DB.exec("DROP TRIGGER full");
    expect(await rowCounts()).toEqual({});
    expect(await storedKeys()).toEqual([]);
  });
});

const HOOK = { url: "https://hooks.example.com/in", enabled: false };
const DESTINATION = { kind: "http", name: "archive", url: "https://hooks.example.com/files" };

describe("what is shown once", () => {
  const json = (headers: Record<string, string>) => ({ ...headers, "Content-Type": "application/json" });
  const post = (path: string, body: unknown, headers: Record<string, string>) =>
    ask(path, { method: "POST", headers: json(headers), body: JSON.stringify(body) });

  it("is shown again to whoever never got it: a webhook's secret", async () => {
    const body = { url: "https://hooks.example.com/in", enabled: false };
    const first = await post("/v1/webhooks", body, under("hook"));
    const again = await post("/v1/webhooks", body, under("hook"));
    expect(first.status).toBe(201);
    const text = await first.text();
    expect(await again.text()).toBe(text);
    expect(again.headers.get("Cache-Control")).toBe("no-store");
    expect(await rowsOf("webhook_endpoints")).toHaveLength(1);
    const { secret } = JSON.parse(text) as { secret: string };
    expect(JSON.stringify(await rowsOf("idempotency_keys"))).not.toContain(secret);
  });

  it("is not in the database, and not for a lesser key of the same owner: a new key", async () => {
    const body = { owner: "carl", name: "ci", scopes: ["read"] };
    const first = await post("/v1/keys", body, under("key", admin));
    expect(first.status).toBe(201);
    const { key } = (await first.json()) as { key: string };
    expect(JSON.stringify(await rowsOf("idempotency_keys"))).not.toContain(key);
    expect(await (await post("/v1/keys", body, under("key", admin))).json()).toMatchObject({ key });
    const lesser = await post("/v1/keys", body, under("key"));
    const text = JSON.stringify(await problemOf(lesser, 422, "idempotency_key_reused"));
    expect(text).not.toContain(key);
    await problemOf(await post("/v1/keys", body, under("other")), 403, "forbidden");
    expect(await rowsOf("api_keys", "owner = 'carl'")).toHaveLength(1);
  });

  it.each([
    ["a key", "/v1/keys", { owner: "dora", name: "ci", scopes: ["read"] }, "api_keys", "owner = 'dora'"],
    ["a webhook", "/v1/webhooks", HOOK, "webhook_endpoints", "1"],
    ["a secret", "/v1/webhooks/default-secret/rotate", {}, "webhook_secrets", "1"],
    ["a destination", "/v1/destinations", DESTINATION, "destinations", "1"],
  ])(
    "is kept in the batch that makes it, %s: when that fails there is neither",
    async (_, path, body, table, where) => {
      await DB.exec(
        "CREATE TRIGGER full BEFORE UPDATE OF answer ON idempotency_keys BEGIN SELECT RAISE(ABORT, 'disk full'); END",
      );
      expect((await post(path, body, under("once", admin))).status).toBe(500);
      await DB.exec("DROP TRIGGER full");
      expect(await rowsOf(table, where)).toEqual([]);
      expect(await rowsOf("idempotency_keys")).toEqual([]);
      const first = await answerOf(await post(path, body, under("once", admin)));
      expect(first.status).toBeLessThan(300);
      expect(await rowsOf("idempotency_keys", "answer IS NOT NULL")).toHaveLength(1);
      expect(await answerOf(await post(path, body, under("once", admin)))).toEqual({
        ...first,
        replayed: "true",
      });
      expect(await rowsOf(table, where)).toHaveLength(1);
    },
  );

  it("is not made for a request that lost its key to another in the meantime", async () => {
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await takeOver();
        controller.enqueue(new TextEncoder().encode(JSON.stringify(HOOK)));
        controller.close();
      },
    });
    const answer = await ask("/v1/webhooks", { method: "POST", headers: json(under("hook")), body });
    expect(answer.headers.get("Retry-After")).toBe("1");
    await problemOf(answer, 409, "idempotency_key_in_use");
    expect(await rowsOf("webhook_endpoints")).toEqual([]);
    expect(await rowsOf("webhook_secrets")).toEqual([]);
    expect(await rowsOf("idempotency_keys")).toMatchObject([{ token: "another", answer: null }]);
  });

  it("keeps no answer for a destination whose name is taken", async () => {
    expect((await post("/v1/destinations", DESTINATION, under("one"))).status).toBe(201);
    await problemOf(await post("/v1/destinations", DESTINATION, under("two")), 409, "conflict");
    expect(await rowsOf("idempotency_keys")).toMatchObject([{ key: "one" }]);
  });

  it("is created once when twenty ask at once", async () => {
    const body = { url: "https://hooks.example.com/in", enabled: false };
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => post("/v1/webhooks", body, under("hook"))),
    );
    expect(answers.map(({ status }) => status)).toContain(201);
    expect(await rowsOf("webhook_endpoints")).toHaveLength(1);
  });
});

describe("a page of another origin", () => {
  it("may send the header and read whether it was replayed", async () => {
    const preflight = await ask("/v1/jobs", {
      method: "OPTIONS",
      headers: {
        Origin: "https://app.example.com",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "idempotency-key",
      },
    });
    expect(preflight.headers.get("Access-Control-Allow-Headers")).toContain("idempotency-key");
    const answer = await ask("/v1/presets", { headers: anna });
    expect(answer.headers.get("Access-Control-Expose-Headers")).toContain("Idempotent-Replayed");
  });
});
