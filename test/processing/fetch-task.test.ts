import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { LIMITS } from "../../src/config.ts";
import { sha256Hex } from "../../src/digest.ts";
import type { JobDocument } from "../../src/jobs/job-document.ts";
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
import { whenEnded } from "../fixtures/watching.ts";
import { file, outputs, problemOf, send, sendJson } from "../submission/sending.ts";

const URL_THERE = "https://files.example.com/pictures/dusk.jpg";
let anna: Record<string, string>;
let bert: Record<string, string>;
let jpeg: Uint8Array<ArrayBuffer>;

beforeAll(async () => {
  await prepareDatabase();
  anna = await keyFor("anna");
  bert = await keyFor("bert");
  jpeg = await fileOf(photo(64, 48), "jpeg");
});
beforeEach(emptyStorage);
afterEach(() => vi.restoreAllMocks());

/** From now on other hosts answer like this. Returns the URLs that were asked for. */
function elsewhere(answer: (url: string) => Response | Promise<Response>): string[] {
  const asked: string[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input) => {
    const url = String(input instanceof Request ? input.url : input);
    asked.push(url);
    return await answer(url);
  });
  return asked;
}

const found = () => new Response(jpeg, { headers: { "Content-Type": "image/jpeg" } });

interface Accepted {
  job_id: string;
  media_id: string;
  deduplicated: boolean;
}

async function submitted(body: Record<string, unknown>): Promise<Accepted> {
  const answer = await sendJson(anna, { source_url: URL_THERE, ...body });
  const text = await answer.text();
  expect({ status: answer.status, text }).toMatchObject({ status: 201 });
  return JSON.parse(text) as Accepted;
}

const read = async <T>(path: string) => (await (await ask(path, { headers: anna })).json()) as T;

describe("an image of which one output is impossible", () => {
  const wanted = {
    allow_partial: true,
    output_specifications: [
      { name: "a.webp", format: "webp", width: 8 },
      { name: "bad.png", format: "png", width: 12_000, allow_enlarge: true },
    ],
  };

  it("loses only that output where that is allowed, fetched or stored", async () => {
    elsewhere(found);
    const { job_id, media_id } = await submitted(wanted);
    const fetched = await whenEnded(job_id, anna);
    const stored = await sendJson(anna, { ...wanted, media_id, force_new: true });
    expect(stored.status).toBe(201);
    const second = ((await stored.json()) as Accepted).job_id;
    for (const job of [fetched, await whenEnded(second, anna)]) {
      expect(job).toMatchObject({ status: "completed", error: null });
      expect(job.outputs.map(({ name }) => name)).toEqual(["a.webp"]);
      expect(job.outputs_failed).toMatchObject([{ name: "bad.png", error: { code: "impossible_output" } }]);
    }
  });

  it("fails as a whole, and is refused when it is stored, where that is not allowed", async () => {
    elsewhere(found);
    const strict = { ...wanted, allow_partial: false };
    const { job_id, media_id } = await submitted(strict);
    expect(await whenEnded(job_id, anna)).toMatchObject({ status: "failed", outputs: [] });
    expect(media_id).toMatch(/^med_/);
  });
});

describe("a job on a source_url", () => {
  it("fetches it first, and goes on as if it had been uploaded", async () => {
    const asked = elsewhere(found);
    const { job_id, media_id } = await submitted({ output_specifications: [{ preset: "small" }] });
    const job = await whenEnded(job_id, anna);
    expect(job).toMatchObject({ status: "completed", kind: "image", error: null, progress_percentage: 100 });
    expect(job.outputs).toMatchObject([{ width: 64, height: 48, type: "image/webp" }]);
    expect(asked).toEqual([URL_THERE]);
    expect(job.started_at).not.toBeNull();
    expect(Date.parse(job.started_at ?? "")).toBeGreaterThanOrEqual(Date.parse(job.created_at));
    expect(await read(`/v1/media/${media_id}`)).toMatchObject({
      kind: "image",
      type: "image/jpeg",
      filename: "dusk.jpg",
      bytes: jpeg.length,
      sha256: await sha256Hex(jpeg),
    });
    const original = await ask(`/v1/media/${media_id}/original`, { headers: anna });
    expect(new Uint8Array(await original.arrayBuffer())).toEqual(jpeg);
    expect(await rowsOf("uploads")).toEqual([]);
    const { stages } = await read<{ stages: { stage: string }[] }>(`/v1/jobs/${job_id}/progress`);
    expect(stages.map(({ stage }) => stage).slice(0, 2)).toEqual(["fetching", "validation"]);
  });

  it("makes the defaults of whatever it turns out to be", async () => {
    elsewhere(found);
    const { job_id } = await submitted({});
    const job = await whenEnded(job_id, anna);
    expect(job.outputs.map(({ name }) => name).sort()).toEqual(["optimized.webp", "thumbnail.webp"]);
    expect(job.output_specifications).toEqual([{ preset: "thumbnail" }, { preset: "optimized" }]);
  });

  it("is the answer to the same content from then on", async () => {
    elsewhere(found);
    const { job_id } = await submitted({ output_specifications: [{ preset: "small" }] });
    await whenEnded(job_id, anna);
    vi.restoreAllMocks();
    const same = await send(anna, [file(jpeg), outputs([{ preset: "small" }])]);
    expect(await same.json()).toMatchObject({ job_id, deduplicated: true });
  });

  it("does not take the slot of a job that is there, and completes all the same", async () => {
    const first = (await (await send(anna, [file(jpeg), outputs([{ preset: "small" }])])).json()) as Accepted;
    elsewhere(found);
    const { job_id } = await submitted({ output_specifications: [{ preset: "small" }] });
    expect((await whenEnded(job_id, anna)).status).toBe("completed");
    expect(await rowsOf("jobs", "content_hash IS NOT NULL")).toMatchObject([{ id: first.job_id }]);
  });

  it("is one job under one Idempotency-Key", async () => {
    elsewhere(found);
    const keyed = { ...anna, "Idempotency-Key": "k" };
    const answers = await Promise.all([1, 2, 3].map(() => sendJson(keyed, { source_url: URL_THERE })));
    expect(answers.filter(({ status }) => status === 201).length).toBeGreaterThanOrEqual(1);
    expect(await rowsOf("jobs")).toHaveLength(1);
    const [job] = await rowsOf<{ id: string }>("jobs");
    await whenEnded(job?.id ?? "", anna);
  });

  it("can be one of a batch", async () => {
    elsewhere(found);
    const answer = await ask("/v1/batches", {
      method: "POST",
      headers: { ...anna, "Content-Type": "application/json" },
      body: JSON.stringify({
        items: [{ source_url: URL_THERE }, { source_url: `${URL_THERE}?again` }],
        defaults: { output_specifications: [{ preset: "small" }] },
      }),
    });
    const { items, batch_id } = (await answer.json()) as { items: Accepted[]; batch_id: string };
    for (const { job_id } of items) {
      expect(await whenEnded(job_id, anna)).toMatchObject({ status: "completed", batch_id });
    }
    expect(await read(`/v1/batches/${batch_id}`)).toMatchObject({
      status: "completed",
      counts: { total: 2 },
    });
    expect(await storedKeys("media/")).toHaveLength(2);
  });
});

describe("a source_url is refused at once", () => {
  it.each([
    ["http://files.example.com/a.jpg", "source_url"],
    ["https://10.0.0.1/a.jpg", "source_url"],
    ["https://localhost/a.jpg", "source_url"],
    ["not a url", "source_url"],
  ])("when it may not be fetched: %s", async (source_url, path) => {
    const { errors } = await problemOf(await sendJson(anna, { source_url }), 422, "invalid_request");
    expect(errors).toMatchObject([{ path }]);
    expect(await rowCounts()).toEqual({});
  });

  it("when nothing can be made of it, whatever it is, or it is not the only input", async () => {
    const refused = async (body: Record<string, unknown>) =>
      await problemOf(await sendJson(anna, { source_url: URL_THERE, ...body }), 422, "invalid_request");
    await refused({ output_specifications: [{ preset: "none" }] });
    await refused({ output_specifications: [{ format: "webp", variants: [480] }] });
    await refused({ media_id: "med_1" });
    await problemOf(await sendJson(anna, {}), 422, "invalid_request");
    expect(await rowCounts()).toEqual({});
  });
});

describe("what goes wrong on the way", () => {
  async function failing(answer: () => Response): Promise<JobDocument> {
    elsewhere(answer);
    const { job_id } = await submitted({ output_specifications: [{ preset: "small" }] });
    const job = await whenEnded(job_id, anna);
    expect(job.status).toBe("failed");
    expect(await storedKeys()).toEqual([]);
    expect(await rowsOf("uploads")).toEqual([]);
    return job;
  }

  it.each([
    ["source_unavailable", () => new Response("no", { status: 404 })],
    [
      "source_unavailable",
      () => new Response(null, { status: 302, headers: { Location: "https://10.0.0.1/" } }),
    ],
    ["type_mismatch", () => new Response("<html>Not an image</html>")],
    ["corrupt_image", () => new Response(jpeg.subarray(0, jpeg.length - 200))],
    ["empty_file", () => new Response("")],
    [
      "payload_too_large",
      () => new Response("x", { headers: { "Content-Length": String(LIMITS.maxSourceBytes + 1) } }),
    ],
  ])("fails the job with %s, once, and leaves no byte", async (code, answer) => {
    const job = await failing(answer);
    expect(job.error).toMatchObject({ code, failed_stage: "fetching" });
    expect(await read(`/v1/media/${job.media_id}`)).toMatchObject({ status: "rejected", kind: "unknown" });
  });

  it("is tried again when the host is at fault", async () => {
    let answers = 0;
    elsewhere(() =>
      answers++ === 0 ? new Response("busy", { status: 503, headers: { "Retry-After": "1" } }) : found(),
    );
    const { job_id } = await submitted({ output_specifications: [{ preset: "small" }] });
    expect((await whenEnded(job_id, anna)).status).toBe("completed");
    expect(await rowsOf("attempts", "outcome = 'failed'")).toHaveLength(1);
  });

  it("may turn out after all: what was asked for cannot be made of it", async () => {
    elsewhere(found);
    const { job_id } = await submitted({ output_specifications: [{ format: "mp4" }] });
    expect((await whenEnded(job_id, anna)).error).toMatchObject({ code: "invalid_request" });
    expect(await storedKeys()).toEqual([]);
  });

  it("leaves, when it is retried, one original", async () => {
    const { job_id, media_id } = await failing(() => new Response("no", { status: 404 }));
    elsewhere(found);
    expect((await ask(`/v1/jobs/${job_id}/retry`, { method: "POST", headers: anna })).status).toBe(202);
    expect((await whenEnded(job_id, anna)).status).toBe("completed");
    expect(await read(`/v1/media/${media_id}`)).toMatchObject({ status: "ready", kind: "image" });
    expect(await storedKeys("media/")).toHaveLength(1);
  });

  it("leaves nothing at all when the job is deleted, and is nobody else's business", async () => {
    const { job_id, media_id } = await failing(() => new Response("no", { status: 404 }));
    await problemOf(await ask(`/v1/media/${media_id}`, { headers: bert }), 404, "not_found");
    const body = { media_id, output_specifications: [{ preset: "small" }] };
    await problemOf(await sendJson(anna, body), 422, "invalid_request");
    expect((await ask(`/v1/jobs/${job_id}`, { method: "DELETE", headers: anna })).status).toBe(200);
    expect(await rowCounts()).toEqual({});
  });

  it("is found by the sweep after a crash in the middle", async () => {
    elsewhere(found);
    const { job_id } = await submitted({ output_specifications: [{ preset: "small" }] });
    await whenEnded(job_id, anna);
    const uploaded = { key: "media/med_lost/original.token", id: "upl_lost" };
    await testEnv.MEDIA.put(uploaded.key, "half");
    await testEnv.DB.prepare(
      "INSERT INTO uploads (id, owner, object_key, created_at) VALUES (?, 'anna', ?, ?)",
    )
      .bind(uploaded.id, uploaded.key, Date.now())
      .run();
    await sweep(testEnv, Date.now() + LIMITS.abandonedUploadMs + 60_000);
    expect(await storedKeys("media/med_lost/")).toEqual([]);
    expect(await storedKeys("media/")).toHaveLength(1);
  });
});
