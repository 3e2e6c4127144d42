import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Job } from "../../src/client/resources.ts";
import { makeSamplePhoto } from "../../src/local/sample-photo.ts";
import { makeClip } from "../fixtures/video.ts";
import { type Receiver, STORE, startReceiver, startStore } from "./receivers.ts";
import { bytesOf, client, key, url } from "./service.ts";

const dir = mkdtempSync(join(tmpdir(), "darkroom-steps-"));
const headers = { Authorization: `Bearer ${key}` };
const receivers: Receiver[] = [];
let photo: Blob;
let clip: Blob;
let logo: string;

beforeAll(async () => {
  photo = new Blob([readFileSync(await makeSamplePhoto(dir))]);
  clip = new Blob([new Uint8Array(await makeClip({ width: 256, height: 144, seconds: 4 }))]);
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="80"><rect width="200" height="80" rx="40" fill="#f00"/></svg>';
  const png = await sharp(Buffer.from(svg)).png().toBuffer();
  const job = await end(await submit(new Blob([new Uint8Array(png)]), "logo.png", [{ preset: "thumbnail" }]));
  logo = job.media_id;
});

afterAll(() => {
  for (const receiver of receivers) receiver.close();
  rmSync(dir, { recursive: true, force: true });
});

async function submit(file: Blob, filename: string, outputs: unknown, steps: unknown = []): Promise<string> {
  const form = new FormData();
  form.set("output_specifications", JSON.stringify(outputs));
  form.set("steps", JSON.stringify(steps));
  form.set("force_new", "true");
  form.set("input_file", file, filename);
  const response = await fetch(`${url}/v1/jobs`, { method: "POST", headers, body: form });
  expect(response.status, await response.clone().text()).toBe(201);
  return ((await response.json()) as { job_id: string }).job_id;
}

async function end(jobId: string): Promise<Job> {
  return await client.watchJob(jobId, { signal: AbortSignal.timeout(100_000) });
}

async function register(destination: Record<string, unknown>): Promise<void> {
  const init = { method: "POST", headers: { ...headers, "Content-Type": "application/json" } };
  const response = await fetch(`${url}/v1/destinations`, { ...init, body: JSON.stringify(destination) });
  expect(response.status, await response.clone().text()).toBe(201);
}

async function get<T>(path: string, accept = "application/json"): Promise<T> {
  const response = await fetch(`${url}${path}`, { headers: { ...headers, Accept: accept } });
  return (accept === "text/plain" ? await response.text() : await response.json()) as T;
}

it("marks what it made, ships it to a Darkroom's receipts, and both ends tell of it", async () => {
  const name = `self-${Date.now()}`;
  await register({
    kind: "http",
    name,
    url: `${url}/upload-final`,
    authorization: `Bearer ${key}`,
    worker_name: "worker-1",
  });
  const steps = [{ watermark: { media_id: logo, width: 0.3 } }, { ship: { destination: name } }];
  const job = await end(
    await submit(photo, "dusk.jpg", [{ name: "photo.jpg", format: "jpeg", width: 300 }], steps),
  );
  expect(job).toMatchObject({ status: "completed", error: null });
  expect(job.outputs.map((output) => output.name)).toEqual(["photo.jpg", "watermarked_photo.jpg"]);
  const { receipts } = await get<{ receipts: { file_url: string; sha256: string; details: object }[] }>(
    "/v1/receipts?worker=worker-1",
  );
  const mine = receipts.find(({ details }) => (details as { job_id?: string }).job_id === job.job_id);
  expect(mine).toMatchObject({
    filename: "watermarked_photo.jpg",
    type: "image/jpeg",
    sha256: job.outputs[1]?.sha256,
  });
  const file = await bytesOf(new URL(mine?.file_url ?? "").pathname);
  const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
  // In the middle of the logo, top right: red.
  const at = (30 * info.width + info.width - 55) * 3;
  expect([...data.subarray(at, at + 3)].map((value) => Math.round(value / 64))).toEqual([4, 0, 0]);
  const lines = await get<string>("/v1/activity", "text/plain");
  expect(lines).toMatch(/^\[[-\d]+ [:\d]+\] WORKER: worker-1 \| IMAGE: watermarked_photo\.jpg$/m);
  expect(lines).toMatch(/WORKER: io-[0-9a-f]+ \| IMAGE: watermarked_photo\.jpg/);
});

it("asks again while the other end is down, under the same delivery id", async () => {
  const receiver = await startReceiver((_, count) =>
    count <= 2 ? { status: 503, headers: { "Retry-After": "1" } } : { status: 204 },
  );
  receivers.push(receiver);
  const name = `flaky-${Date.now()}`;
  await register({ kind: "http", name, url: `${receiver.url}/in` });
  const job = await end(
    await submit(photo, "dusk.jpg", [{ name: "a.webp", width: 64 }], [{ ship: { destination: name } }]),
  );
  expect(job).toMatchObject({ status: "completed", retry_count: 2 });
  const ids = receiver.taken.map((taken) => taken.headers.get("x-delivery-id"));
  expect([ids.length, new Set(ids).size]).toEqual([3, 1]);
  const last = receiver.taken.at(-1);
  const form = await new Response(new Uint8Array(last?.body ?? []), { headers: last?.headers }).formData();
  const shipped = Buffer.from(await (form.get("file") as File).arrayBuffer());
  expect(shipped.equals(await bytesOf(`/outputs/${job.job_id}/a.webp`))).toBe(true);
  expect(Number(last?.headers.get("content-length"))).toBe(last?.body.length);
});

it("puts pictures and whole streams into a bucket that checks every signature", async () => {
  const store = await startStore();
  receivers.push(store);
  const name = `store-${Date.now()}`;
  const { region, bucket, accessKeyId, secret } = STORE;
  const credentials = { access_key_id: accessKeyId, secret_access_key: secret };
  await register({ kind: "s3", name, endpoint: store.url, region, bucket, prefix: "films", ...credentials });
  const ship = { ship: { destination: name } };
  const still = { name: "still.jpg", format: "jpeg", width: 160, thumbnails: { at: [0] } };
  const [film, marked] = await Promise.all([
    submit(clip, "clip.mp4", [{ name: "film", format: "hls", variants: [144] }], [ship]).then(end),
    submit(clip, "clip.mp4", [still], [{ watermark: { media_id: logo } }, ship]).then(end),
  ]);
  expect(store.problems).toEqual([]);
  expect([film, marked]).toMatchObject([{ status: "completed" }, { status: "completed" }]);
  const kept = new Map(store.taken.map(({ path, body }) => [path, body]));
  expect([...kept.keys()]).toContain("/pictures/films/watermarked_still.jpg");
  const root = "/pictures/films/film/master.m3u8";
  const named = [root];
  // Every playlist, and every file that a playlist names, is where its relative path says.
  for (const path of named) {
    expect([...kept.keys()]).toContain(path);
    if (path.endsWith(".m3u8"))
      named.push(...urisOf(String(kept.get(path))).map((uri) => new URL(uri, `http://x${path}`).pathname));
  }
  expect(named.length).toBeGreaterThan(4);
});

function urisOf(playlist: string): string[] {
  const tags = Array.from(playlist.matchAll(/URI="([^"]+)"/g), ([, uri = ""]) => uri);
  return [...tags, ...playlist.split("\n").filter((line) => line !== "" && !line.startsWith("#"))];
}
