import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { BatchWithItems } from "../../src/client/batches.ts";
import { makeSamplePhoto } from "../../src/local/sample-photo.ts";
import type { Envelope } from "../../src/webhooks/event.ts";
import { makeClip } from "../fixtures/video.ts";
import { bytesOf, client, probe, url } from "./service.ts";

/** Somebody else's host: it has files to fetch, and takes webhooks. */
const files = new Map<string, { type: string; bytes: Buffer }>();
const told: Envelope[] = [];
const host = createServer((request, response) => {
  if (request.method === "GET") {
    const file = files.get(request.url ?? "");
    if (request.url === "/moved.mp4") return response.writeHead(302, { Location: "/clip.mp4" }).end();
    if (request.url === "/inside") return response.writeHead(302, { Location: "http://10.0.0.1/" }).end();
    if (!file) return response.writeHead(404).end();
    return response.writeHead(200, { "Content-Type": file.type }).end(file.bytes);
  }
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    told.push(JSON.parse(Buffer.concat(chunks).toString()) as Envelope);
    response.writeHead(204).end();
    host.emit("told");
  });
});

const dir = mkdtempSync(join(tmpdir(), "darkroom-batch-"));
const at = (path: string) => `http://127.0.0.1:${(host.address() as AddressInfo).port}${path}`;
let mediaId: string;

beforeAll(async () => {
  host.listen(0, "127.0.0.1");
  await once(host, "listening");
  const photo = readFileSync(await makeSamplePhoto(dir));
  files.set("/dusk.jpg", { type: "image/jpeg", bytes: photo });
  files.set("/clip.mp4", {
    type: "video/mp4",
    bytes: await makeClip({ width: 320, height: 240, seconds: 2 }),
  });
  const outputs = [{ preset: "thumbnail", name: "first.webp" }];
  const made = await client.createJob({ file: new Blob([photo]), filename: "dusk.jpg", outputs });
  mediaId = made.media_id;
});

afterAll(() => {
  host.closeAllConnections();
  host.close();
  rmSync(dir, { recursive: true, force: true });
});

/** Waits until the host was told that a batch has ended. */
async function ended(batchId: string): Promise<Envelope[]> {
  for (;;) {
    const own = told.filter(({ data }) => data.batch?.batch_id === batchId);
    if (own.some(({ type }) => type !== "batch.progress")) return own;
    await once(host, "told");
  }
}

it("makes stored media, a photo and a film from elsewhere, all in one batch that says when it is done", async () => {
  const batch = {
    items: [
      { media_id: mediaId },
      { media_id: mediaId, output_specifications: [{ format: "jpeg", width: 100 }] },
      { source_url: at("/dusk.jpg") },
      { source_url: at("/moved.mp4"), output_specifications: [{ preset: "mobile_video", name: "film.mp4" }] },
      { source_url: at("/nothing.jpg") },
      { source_url: at("/inside") },
    ],
    defaults: { output_specifications: [{ preset: "small" }] },
    webhookUrl: at("/told"),
    idempotencyKey: "nightly-1",
  };
  const [made, again] = [await client.createBatch(batch), await client.createBatch(batch)];
  expect(again).toEqual(made);
  const seen: BatchWithItems[] = [];
  const read = await client.watchBatch(made.batch_id, { onProgress: (now) => seen.push(now) });
  expect(read).toMatchObject({
    status: "partial",
    progress_percentage: 100,
    counts: { total: 6, completed: 4, failed: 2 },
  });
  const figures = seen.map(({ progress_percentage }) => progress_percentage);
  expect(figures).toEqual([...figures].sort((a, b) => a - b));
  expect(read.items.slice(4).map(({ error_code }) => error_code)).toEqual([
    "source_unavailable",
    "source_unavailable",
  ]);

  const { items } = await client.getBatchManifest(made.batch_id);
  expect(items.map(({ outputs: [output] }) => output?.name)).toEqual([
    ...["small.webp", expect.stringMatching(/\.jpe?g$/), "small.webp", "film.mp4", undefined, undefined],
  ]);
  const film = join(dir, "film.mp4");
  const { writeFileSync } = await import("node:fs");
  writeFileSync(film, await bytesOf(items[3]?.outputs[0]?.url ?? ""));
  expect(Number((await probe(film)).format.duration)).toBeCloseTo(2, 0);
  const original = files.get("/clip.mp4")?.bytes;
  expect(original?.equals(await bytesOf(`/v1/media/${items[3]?.media_id}/original`))).toBe(true);

  const events = await ended(made.batch_id);
  expect(events.filter(({ type }) => type === "batch.completed")).toHaveLength(1);
  expect(events.at(-1)?.data.batch).toMatchObject({
    status: "partial",
    status_url: `${url}/v1/batches/${made.batch_id}`,
  });
});

it("submits the same once, and lets go of it by force", async () => {
  const bytes = files.get("/clip.mp4")?.bytes ?? Buffer.alloc(0);
  const job = {
    file: new Blob([new Uint8Array(bytes)]),
    filename: "clip.mp4",
    outputs: [{ preset: "hls_480_720" }],
  };
  const all = await Promise.all(Array.from({ length: 8 }, () => client.createJob(job)));
  expect(new Set(all.map(({ job_id }) => job_id)).size).toBe(1);
  expect(all.filter(({ deduplicated }) => !deduplicated)).toHaveLength(1);
  const fetched = await client.createRemoteJob({
    sourceUrl: at("/clip.mp4"),
    outputs: [{ preset: "video_thumbnail" }],
  });
  expect((await client.watchJob(fetched.job_id, { token: fetched.watch_token })).status).toBe("completed");
  const many = await client.createBatch({
    items: Array.from({ length: 5 }, () => ({ media_id: fetched.media_id })),
  });
  await client.cancelBatch(many.batch_id, { force: true });
  expect((await client.watchBatch(many.batch_id)).counts).toMatchObject({ pending: 0, processing: 0 });
  await client.cancelBatch(many.batch_id);
  await expect(client.getBatch(many.batch_id)).rejects.toMatchObject({ status: 404 });
});
