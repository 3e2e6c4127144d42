import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { BatchDocument } from "../../src/jobs/batch-document.ts";
import { failTask } from "../../src/jobs/store/fail-task.ts";
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
import { claimOne, failure, rowsOf } from "../fixtures/jobs.ts";
import { whenEnded } from "../fixtures/watching.ts";
import { file, outputs, problemOf, send } from "./sending.ts";

let anna: Record<string, string>;
let bert: Record<string, string>;
let media: string;

beforeAll(async () => {
  await prepareDatabase();
  anna = await keyFor("anna");
  bert = await keyFor("bert");
});
beforeEach(async () => {
  await emptyStorage();
  media = await upload(anna);
});

async function upload(headers: Record<string, string>): Promise<string> {
  const jpeg = await fileOf(photo(64, 48), "jpeg");
  const answer = await send(headers, [file(jpeg), outputs([{ preset: "thumbnail" }])]);
  const { media_id, job_id } = (await answer.json()) as { media_id: string; job_id: string };
  await whenEnded(job_id, headers);
  return media_id;
}

type Batch = BatchDocument & { items: { job_id: string; media_id: string; status: string }[] };

async function request(method: string, path: string, body?: unknown, headers = anna): Promise<Response> {
  const json: Record<string, string> = body === undefined ? {} : { "Content-Type": "application/json" };
  return await ask(path, { method, headers: { ...headers, ...json }, body: JSON.stringify(body) });
}

async function submitted(body: unknown, headers = anna): Promise<Batch> {
  const answer = await request("POST", "/v1/batches", body, headers);
  const text = await answer.text();
  expect({ status: answer.status, text }).toMatchObject({ status: 201 });
  const batch = JSON.parse(text) as Batch;
  expect(answer.headers.get("Location")).toBe(batch.links.self);
  return batch;
}

const widths = (...all: number[]) =>
  all.map((width) => ({ media_id: media, output_specifications: [{ format: "webp", width }] }));

/** Items that nobody works on: they are films, and there is no transcoder here. */
async function films(count: number): Promise<{ media_id: string }[]> {
  await testEnv.DB.prepare("UPDATE media SET kind = 'video' WHERE id = ?").bind(media).run();
  return Array.from({ length: count }, () => ({ media_id: media }));
}

describe("a batch of jobs on stored media", () => {
  it("is accepted, worked through, and ends in a manifest of all it made", async () => {
    const batch = await submitted({
      items: [...widths(20, 30), { media_id: media }],
      defaults: { output_specifications: [{ preset: "small" }], priority: "high" },
    });
    expect(batch).toMatchObject({
      status: "pending",
      counts: { total: 3, pending: 3 },
      on_item_failure: "continue",
    });
    for (const { job_id } of batch.items) expect((await whenEnded(job_id, anna)).status).toBe("completed");
    const read = (await (await request("GET", `/v1/batches/${batch.batch_id}`)).json()) as Batch;
    expect(read).toMatchObject({ status: "completed", progress_percentage: 100, counts: { completed: 3 } });
    expect(read.items.map(({ job_id }) => job_id)).toEqual(batch.items.map(({ job_id }) => job_id));
    const manifest = (await (await request("GET", `/v1/batches/${batch.batch_id}/manifest`)).json()) as {
      items: { outputs: { width: number; url: string }[] }[];
    };
    expect(manifest.items.map(({ outputs: [output] }) => output?.width)).toEqual([20, 30, 64]);
    expect((await ask(manifest.items[0]?.outputs[0]?.url ?? "", { headers: anna })).status).toBe(200);
    const { jobs } = (await (await request("GET", `/v1/jobs?batch_id=${batch.batch_id}`)).json()) as {
      jobs: { batch_id: string; priority: string }[];
    };
    expect(jobs).toHaveLength(3);
    expect(jobs).toMatchObject(Array(3).fill({ batch_id: batch.batch_id, priority: "high" }));
  });

  it("takes a hundred at once, also equal ones, and no more", { timeout: 30_000 }, async () => {
    const items = await films(100);
    const tooMany = await request("POST", "/v1/batches", { items: [...items, items[0]] });
    await problemOf(tooMany, 422, "invalid_request");
    await problemOf(await request("POST", "/v1/batches", { items: [] }), 422, "invalid_request");
    const batch = await submitted({ items });
    expect(new Set(batch.items.map(({ job_id }) => job_id)).size).toBe(100);
    expect(await rowsOf("jobs", `batch_id = '${batch.batch_id}'`)).toHaveLength(100);
  });

  it("is refused whole, with the path of everything that is wrong", async () => {
    const before = await rowCounts();
    const foreign = await upload(bert);
    const others = await rowCounts();
    const answer = await request("POST", "/v1/batches", {
      items: [
        ...widths(20),
        { media_id: foreign },
        { media_id: media, output_specifications: [{ format: "mp4" }] },
        { media_id: "med_nothing" },
      ],
    });
    const { errors } = await problemOf(answer, 422, "invalid_request");
    expect(errors?.map(({ path }) => path)).toEqual([
      "items.1.media_id",
      "items.2.output_specifications.0.format",
      "items.3.media_id",
    ]);
    expect(await rowCounts()).toEqual(others);
    expect(others.jobs).toBe((before.jobs ?? 0) + 1);
    for (const body of [
      { items: widths(1), colour: "red" },
      { items: [{ media_id: media, force_new: true }] },
    ]) {
      await problemOf(await request("POST", "/v1/batches", body), 422, "invalid_request");
    }
    await problemOf(
      await request("POST", "/v1/batches", { items: widths(1), webhook_url: "http://127.0.0.1/" }),
      422,
      "invalid_request",
    );
    await problemOf(
      await ask("/v1/batches", { method: "POST", headers: anna, body: "x" }),
      415,
      "unsupported_content_type",
    );
  });

  it("is one batch under one Idempotency-Key, however many ask at once", async () => {
    const keyed = { ...anna, "Idempotency-Key": "nightly" };
    const body = { items: widths(20, 30) };
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => request("POST", "/v1/batches", body, keyed)),
    );
    const [made] = answers.filter(({ status }) => status === 201);
    expect(answers.every(({ status }) => status === 201 || status === 409)).toBe(true);
    expect(await rowsOf("batches")).toHaveLength(1);
    const again = await request("POST", "/v1/batches", body, keyed);
    expect(again.headers.get("Idempotent-Replayed")).toBe("true");
    expect(await again.text()).toBe(await made?.text());
    await problemOf(
      await request("POST", "/v1/batches", { items: widths(20) }, keyed),
      422,
      "idempotency_key_reused",
    );
  });

  it("sends its webhook for itself, or for each of its jobs", async () => {
    const webhook_url = "https://hooks.example.com/in";
    const items = await films(1);
    const one = await submitted({ items, webhook_url });
    const each = await submitted({ items, webhook_url, webhook_mode: "item" });
    const urlOf = async (id: string) =>
      (await rowsOf<{ webhook_url: string }>("jobs", `batch_id = '${id}'`))[0]?.webhook_url;
    expect([one.webhook_url, await urlOf(one.batch_id)]).toEqual([webhook_url, null]);
    expect([each.webhook_url, await urlOf(each.batch_id)]).toEqual([null, webhook_url]);
  });
});

describe("a batch is ended by hand", () => {
  it("while nothing of it has started", async () => {
    const batch = await submitted({ items: await films(3) });
    const path = `/v1/batches/${batch.batch_id}`;
    const answer = await request("DELETE", path);
    expect({ status: answer.status, body: await answer.json() }).toEqual({
      status: 200,
      body: { batch_id: batch.batch_id, status: "cancelled" },
    });
    const read = (await (await request("GET", path)).json()) as Batch;
    expect(read).toMatchObject({ status: "cancelled", counts: { cancelled: 3 }, progress_percentage: 100 });
    for (const { job_id } of batch.items) expect((await whenEnded(job_id, anna)).status).toBe("cancelled");
  });

  it("while some of it runs, only by force; what had not ended leaves nothing", async () => {
    const batch = await submitted({ items: await films(3) });
    const { job } = await claimOne(Date.now() + 1_000, "container-short");
    const path = `/v1/batches/${batch.batch_id}`;
    await problemOf(await request("DELETE", path), 409, "conflict");
    await problemOf(await request("GET", `${path}/manifest`), 409, "conflict");
    await testEnv.MEDIA.put(`outputs/${job.id}/half-made`, "x");
    expect((await request("DELETE", `${path}?force=true`)).status).toBe(202);
    expect(((await (await request("GET", path)).json()) as Batch).counts).toMatchObject({ cancelled: 3 });
    expect(await storedKeys(`outputs/${job.id}/`)).toEqual([]);
  });

  it("after its end, with all that it made", async () => {
    const batch = await submitted({ items: widths(20, 30) });
    for (const { job_id } of batch.items) await whenEnded(job_id, anna);
    const path = `/v1/batches/${batch.batch_id}`;
    expect(await (await request("DELETE", path)).json()).toMatchObject({ status: "deleted" });
    await problemOf(await request("GET", path), 404, "not_found");
    expect(await rowsOf("jobs", `batch_id = '${batch.batch_id}'`)).toEqual([]);
    for (const { job_id } of batch.items) expect(await storedKeys(`outputs/${job_id}/`)).toEqual([]);
    expect(await storedKeys("media/")).toHaveLength(1);
  });
});

it("what failed of a batch is tried again by one call, and what did not is left alone", async () => {
  const batch = await submitted({ items: await films(3) });
  const path = `/v1/batches/${batch.batch_id}`;
  await problemOf(await request("POST", `${path}/retry`), 409, "conflict");
  const { lease } = await claimOne(Date.now() + 1_000, "container-short");
  await failTask(testEnv.DB, lease, failure("input"), { retry: false, reason: "permanent" }, Date.now());
  await request("DELETE", path);
  expect((await (await request("GET", path)).json()) as Batch).toMatchObject({ status: "failed" });
  const answer = await request("POST", `${path}/retry`);
  expect({ status: answer.status, body: await answer.json() }).toEqual({
    status: 202,
    body: { batch_id: batch.batch_id, status: "processing", job_ids: [lease.jobId] },
  });
  const read = (await (await request("GET", path)).json()) as Batch;
  expect(read).toMatchObject({ finished_at: null, counts: { pending: 1, cancelled: 2 } });
  await problemOf(await request("POST", `${path}/retry`, undefined, bert), 404, "not_found");
});

describe("the list of batches", () => {
  it("goes newest first, page by page, by status and time", async () => {
    const made = [];
    for (let n = 0; n < 3; n++) made.unshift((await submitted({ items: widths(20 + n) })).batch_id);
    const seen: string[] = [];
    let next: string | undefined = "https://darkroom.test/v1/batches?limit=2";
    while (next !== undefined) {
      const answer: Response = await ask(next, { headers: anna });
      const { batches } = (await answer.json()) as { batches: Batch[] };
      seen.push(...batches.map(({ batch_id }) => batch_id));
      next = /<([^>]+)>; rel="next"/.exec(answer.headers.get("Link") ?? "")?.[1];
    }
    expect(seen).toEqual(made);
    const count = async (query: string, headers = anna) =>
      (
        (await (await request("GET", `/v1/batches?${query}`, undefined, headers)).json()) as {
          batches: Batch[];
        }
      ).batches.length;
    expect(await count("created_before=2000-01-01T00:00:00Z")).toBe(0);
    expect(await count("created_after=2000-01-01T00:00:00Z")).toBe(3);
    expect(await count("status=cancelled")).toBe(0);
    const states = await Promise.all(
      ["pending", "processing", "completed"].map((status) => count(`status=${status}`)),
    );
    expect(states.reduce((sum, n) => sum + n, 0)).toBe(3);
    expect(await count("limit=10", bert)).toBe(0);
  });

  it("and every batch in it is its owner's alone", async () => {
    const { batch_id } = await submitted({ items: widths(20) });
    for (const [method, path] of [
      ["GET", `/v1/batches/${batch_id}`],
      ["GET", `/v1/batches/${batch_id}/manifest`],
      ["DELETE", `/v1/batches/${batch_id}?force=true`],
      ["GET", "/v1/batches/bat_nothing"],
    ] as const) {
      await problemOf(await request(method, path, undefined, bert), 404, "not_found");
    }
    const reader = await keyFor("anna", ["read"]);
    await problemOf(await request("POST", "/v1/batches", { items: widths(20) }, reader), 403, "forbidden");
    await problemOf(await request("DELETE", `/v1/batches/${batch_id}`, undefined, reader), 403, "forbidden");
  });
});
