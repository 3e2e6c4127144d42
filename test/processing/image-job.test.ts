import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Ticket } from "../../src/config.ts";
import { sha256Hex } from "../../src/digest.ts";
import { probeImage } from "../../src/image/probe.ts";
import worker from "../../src/worker.ts";
import { ask, emptyStorage, keyFor, prepareDatabase, storedKeys, testEnv } from "../fixtures/app.ts";
import { fileOf, photo, withExif } from "../fixtures/images.ts";
import { claim, rowsOf, submit } from "../fixtures/jobs.ts";
import { whenEnded } from "../fixtures/watching.ts";
import { file, outputs, send } from "../submission/sending.ts";

let key: { Authorization: string };

beforeAll(async () => {
  await prepareDatabase();
  key = await keyFor("anna");
});
beforeEach(emptyStorage);

/** Delivers messages to the worker as the queue of the edge lane does. */
async function deliver(...bodies: unknown[]) {
  const messages = bodies.map((body, n) => ({ id: `message-${n}`, timestamp: 1000, attempts: 1, body }));
  const batch = createMessageBatch<Ticket>("darkroom-edge", messages as never);
  const context = createExecutionContext();
  await worker.queue(batch, testEnv);
  return await getQueueResult(batch, context);
}

describe("a photo's job", () => {
  it("goes from the request to its outputs by the queue alone", async () => {
    const jpeg = withExif(await fileOf(photo(320, 240), "jpeg"), 6);
    const specifications = outputs([
      { preset: "thumbnail" },
      { name: "small.jpg", format: "jpeg", width: 60 },
      { name: "whole.png", format: "png" },
      {
        name: "avatar.webp",
        preset: "avatar",
        width: 64,
        height: 64,
        sharpen_amount: 0.5,
        interpolation: "lanczos2",
      },
    ]);
    const response = await send(key, [file(jpeg), specifications]);
    const { job_id } = (await response.json()) as { job_id: string };
    const job = await whenEnded(job_id, key);
    expect(job).toMatchObject({ status: "completed", progress_percentage: 100, error: null, retry_count: 0 });
    const sizes = job.outputs.map(({ name, type, width, height }) => [name, type, width, height]);
    expect(sizes).toEqual([
      ["avatar.webp", "image/webp", 64, 64],
      ["small.jpg", "image/jpeg", 60, 80],
      ["thumbnail.webp", "image/webp", 150, 150],
      ["whole.png", "image/png", 240, 320],
    ]);
    for (const output of job.outputs) {
      const bytes = new Uint8Array(await (await ask(output.url, { headers: key })).arrayBuffer());
      expect([bytes.length, await sha256Hex(bytes)]).toEqual([output.bytes, output.sha256]);
      expect(probeImage(bytes, bytes.length)).toMatchObject({ width: output.width, height: output.height });
    }
    expect(await storedKeys("outputs/")).toHaveLength(4);
    expect(await rowsOf("attempts")).toMatchObject([
      { outcome: "done", worker_id: expect.stringMatching(/^edge-/) },
    ]);
  });

  it("fails for good, once, when its original is no picture after all", async () => {
    const bytes = await fileOf(photo(64, 64), "jpeg");
    const probe = probeImage(bytes, bytes.length);
    const spec = { outputs: [imageOutput("a.webp")], probe };
    const { job } = await submit({ createdAtMs: Date.now(), tasks: [{ spec }] });
    await testEnv.MEDIA.put(`media/${job.mediaId}/original`, bytes.fill(0, 300, 900));
    await deliver({ lane: "edge" });
    const [row] = await rowsOf<{ status: string; error: string }>("jobs");
    const outcome = row?.status === "completed" ? "completed" : JSON.parse(row?.error ?? "{}").class;
    // libjpeg conceals some damage; what it cannot conceal is the input's fault, and is not tried again.
    expect(["completed", "input"]).toContain(outcome);
    expect(await rowsOf("attempts")).toHaveLength(1);
  });

  it("fails when its original is gone, and leaves nothing half made", async () => {
    const bytes = await fileOf(photo(8, 8), "jpeg");
    const spec = { outputs: [imageOutput("a.webp")], probe: probeImage(bytes, bytes.length) };
    await submit({ createdAtMs: Date.now(), tasks: [{ spec }] });
    await deliver({ lane: "edge" });
    expect(await rowsOf("jobs")).toMatchObject([
      { status: "failed", error: expect.stringContaining("corrupt_input") },
    ]);
    expect(await rowsOf("attempts")).toMatchObject([{ outcome: "failed", swept_at: expect.any(Number) }]);
    expect(await storedKeys()).toEqual([]);
  });
});

function imageOutput(name: string) {
  const place = { position: { x: 0.5, y: 0.5 }, background: [255, 255, 255, 255] };
  return { name, format: "webp", width: 4, resizeMode: "fit", allowEnlarge: false, ...place, quality: 80 };
}

describe("a ticket", () => {
  it("stands for one claim: each of a batch takes one task, and one too many takes none", async () => {
    await submit({ createdAtMs: Date.now(), tasks: [{}, {}] });
    const result = await deliver({ lane: "edge" }, { lane: "edge" }, { lane: "edge" });
    expect(result.explicitAcks).toHaveLength(3);
    expect(result.retryMessages).toEqual([]);
    expect(await rowsOf("attempts")).toHaveLength(2);
  });

  it("that is none is spent without effect", async () => {
    await submit({ createdAtMs: Date.now() });
    const result = await deliver(null, "edge", { lane: "moon" }, {});
    expect(result.explicitAcks).toHaveLength(4);
    expect((await claim(Date.now())).claimed).toBeDefined();
  });
});
