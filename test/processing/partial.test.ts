import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Ticket } from "../../src/config.ts";
import { EDGE_CODEC } from "../../src/image/edge-codec.ts";
import { probeImage } from "../../src/image/probe.ts";
import type { JobDocument } from "../../src/jobs/job-document.ts";
import worker from "../../src/worker.ts";
import { ask, emptyStorage, keyFor, prepareDatabase, storedKeys, testEnv } from "../fixtures/app.ts";
import { fileOf, photo } from "../fixtures/images.ts";
import { rowsOf, submit } from "../fixtures/jobs.ts";

let key: { Authorization: string };

beforeAll(async () => {
  await prepareDatabase();
  key = await keyFor("anna");
});
beforeEach(emptyStorage);

function imageOutput(name: string, more: object = {}) {
  const place = { position: { x: 0.5, y: 0.5 }, background: [255, 255, 255, 255] };
  return {
    name,
    format: "webp",
    width: 4,
    resizeMode: "fit",
    allowEnlarge: false,
    ...place,
    quality: 80,
    ...more,
  };
}

/** Of these, the second leaves nothing of a small picture. */
const OUTPUTS = [
  imageOutput("a.webp"),
  imageOutput("bad.webp", { trim: { left: 500, top: 0, right: 0, bottom: 0 } }),
  imageOutput("c.webp"),
];

/** A job of three outputs, run to the end of its first attempt by one ticket. */
async function runJob(allowPartial: boolean, outputs: ReturnType<typeof imageOutput>[] = OUTPUTS) {
  const bytes = await fileOf(photo(64, 48), "png");
  const spec = { outputs, probe: probeImage(bytes, bytes.length) };
  const outputNames = outputs.map(({ name }) => name);
  const { job } = await submit({ createdAtMs: Date.now(), allowPartial, tasks: [{ spec, outputNames }] });
  await testEnv.MEDIA.put(`media/${job.mediaId}/original`, bytes);
  await deliverTicket();
  return job.id;
}

async function deliverTicket(): Promise<void> {
  const message = { id: crypto.randomUUID(), timestamp: new Date(), attempts: 1, body: { lane: "edge" } };
  const batch = createMessageBatch<Ticket>("darkroom-edge", [message as never]);
  const context = createExecutionContext();
  await worker.queue(batch, testEnv);
  await getQueueResult(batch, context);
}

async function read(jobId: string): Promise<JobDocument> {
  return await (await ask(`/v1/jobs/${jobId}`, { headers: key })).json();
}

describe("an image of which one output cannot be made", () => {
  it("completes with the others where partial results are allowed, and says what is missing", async () => {
    const jobId = await runJob(true);
    const job = await read(jobId);
    expect(job).toMatchObject({ status: "completed", allow_partial: true, run: 1, error: null });
    expect(job.outputs.map(({ name }) => name)).toEqual(["a.webp", "c.webp"]);
    expect(job.outputs_failed).toMatchObject([
      {
        name: "bad.webp",
        error: { code: "impossible_output", class: "configuration", retry_eligible: false },
      },
    ]);
    const progress = await (await ask(`/v1/jobs/${jobId}/progress`, { headers: key })).json();
    expect(progress).toMatchObject({
      status: "completed",
      progress_percentage: 100,
      outputs_failed: [{ name: "bad.webp", code: "impossible_output" }],
    });
    expect(await storedKeys("outputs/")).toHaveLength(2);
    expect(await rowsOf("attempts")).toMatchObject([
      { outcome: "done", peak_memory_bytes: expect.any(Number) },
    ]);
  });

  it("fails as a whole where they are not, or where none can be made", async () => {
    expect(await read(await runJob(false))).toMatchObject({
      status: "failed",
      outputs: [],
      outputs_failed: [],
    });
    const bad = OUTPUTS.slice(1, 2);
    const twice = [...bad, { ...(bad[0] ?? imageOutput("")), name: "worse.webp" }];
    const job = await read(await runJob(true, twice));
    expect(job).toMatchObject({ status: "failed", outputs: [], error: { code: "impossible_output" } });
    expect(job.outputs_failed.map(({ name }) => name)).toEqual(["bad.webp", "worse.webp"]);
    expect(await storedKeys("outputs/")).toEqual([]);
  });
});

describe("a file that is not what was planned", () => {
  it.each([
    ["another size", () => fileOf(photo(3, 3), "webp")],
    ["another type", () => fileOf(photo(4, 3), "png")],
    ["no header", async () => new Uint8Array(40)],
  ])("by its own header is not stored, nor told of: %s", async (_what, answer) => {
    const bytes = await answer();
    const encoder = vi.spyOn(EDGE_CODEC, "encode").mockResolvedValue(bytes as never);
    try {
      const jobId = await runJob(false, OUTPUTS.slice(0, 1));
      expect(encoder).toHaveBeenCalled();
      expect((await read(jobId)).outputs).toEqual([]);
    } finally {
      encoder.mockRestore();
    }
    expect(await rowsOf("attempts", "number = 1")).toMatchObject([
      { outcome: "failed", failure: expect.stringContaining("invalid_result") },
    ]);
    expect(await rowsOf("outputs")).toEqual([]);
    expect(await storedKeys("outputs/")).toEqual([]);
  });
});

describe("retrying it", () => {
  it("makes only what is missing, in another attempt of another run", async () => {
    const jobId = await runJob(true);
    const before = await storedKeys("outputs/");
    const mended = OUTPUTS.map((output) => ({ ...output, trim: undefined }));
    await testEnv.DB.prepare("UPDATE tasks SET spec = json_set(spec, '$.outputs', json(?))")
      .bind(JSON.stringify(mended))
      .run();
    const retried = await ask(`/v1/jobs/${jobId}/retry`, { method: "POST", headers: key });
    expect(retried.status).toBe(202);
    expect(await retried.json()).toMatchObject({ job_id: jobId, status: "pending", run: 2 });
    const feed = await ask(`/v1/jobs/${jobId}/events`, { headers: key });
    await feed.text();
    const job = await read(jobId);
    expect(job).toMatchObject({ status: "completed", run: 2, outputs_failed: [], retry_count: 1 });
    expect(job.outputs.map(({ name }) => name)).toEqual(["a.webp", "bad.webp", "c.webp"]);
    const after = await storedKeys("outputs/");
    expect(after).toHaveLength(3);
    expect(after).toEqual(expect.arrayContaining(before));
    expect(await rowsOf("attempts", "1 ORDER BY number")).toMatchObject([
      { number: 1, run: 1, outcome: "done" },
      { number: 2, run: 2, outcome: "done" },
    ]);
  });

  it("is refused for what did not fail, and is nothing that others may know of", async () => {
    const jobId = await runJob(true, OUTPUTS.slice(0, 1));
    const conflict = await ask(`/v1/jobs/${jobId}/retry`, { method: "POST", headers: key });
    expect(conflict.status).toBe(409);
    const stranger = await ask(`/v1/jobs/${jobId}/retry`, { method: "POST", headers: await keyFor("ben") });
    expect(stranger.status).toBe(404);
    const reader = await keyFor("anna", ["read"]);
    expect((await ask(`/v1/jobs/${jobId}/retry`, { method: "POST", headers: reader })).status).toBe(403);
  });
});
