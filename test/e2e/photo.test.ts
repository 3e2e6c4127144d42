import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeSamplePhoto } from "../../src/local/sample-photo.ts";
import { bytesOf, client, develop, isForwardOnly, key, outputNames, url, type Watched } from "./service.ts";

const dir = mkdtempSync(join(tmpdir(), "darkroom-photo-"));
let photo: Buffer<ArrayBuffer>;
let watched: Watched;

beforeAll(async () => {
  photo = readFileSync(await makeSamplePhoto(dir));
  watched = await develop(photo, "dusk.jpg");
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe("a phone's photo, sent without saying what to make", () => {
  it("completes with the two default outputs", () => {
    expect(watched.job).toMatchObject({
      status: "completed",
      kind: "image",
      progress_percentage: 100,
      error: null,
    });
    expect(outputNames(watched.job)).toEqual(["optimized.webp", "thumbnail.webp"]);
  });

  it("is turned upright, resized and stripped of where it was taken", async () => {
    const [optimized, thumbnail] = await Promise.all(
      ["optimized.webp", "thumbnail.webp"].map((name) => bytesOf(`/outputs/${watched.job.job_id}/${name}`)),
    );
    expect(await sharp(thumbnail).metadata()).toMatchObject({ format: "webp", width: 150, height: 150 });
    const metadata = await sharp(optimized).metadata();
    expect(metadata).toMatchObject({ format: "webp", width: 2048, height: 1536 });
    expect(metadata.exif).toBeUndefined();
    const upright = await sharp(photo).autoOrient().resize(64).raw().toBuffer();
    const ours = await sharp(optimized).resize(64).raw().toBuffer();
    const meanDifference =
      upright.reduce((sum, value, at) => sum + Math.abs(value - (ours[at] ?? 0)), 0) / upright.length;
    expect(meanDifference).toBeLessThan(3);
  });

  it("is described truthfully", async () => {
    for (const output of watched.job.outputs) {
      const bytes = await bytesOf(output.url);
      expect(bytes.byteLength).toBe(output.bytes);
      expect(createHash("sha256").update(bytes).digest("hex")).toBe(output.sha256);
    }
  });

  it("shows progress that only goes forward, through every stage", () => {
    expect(isForwardOnly(watched.seen)).toBe(true);
    expect(watched.seen.at(-1)).toMatchObject({ status: "completed", progress_percentage: 100 });
  });

  it("gives back its original, byte for byte", async () => {
    expect(photo.equals(await bytesOf(`/v1/media/${watched.job.media_id}/original`))).toBe(true);
  });

  it("can be made into another size by a URL, in the format the browser likes", async () => {
    const path = `${url}/img/width=320,format=auto/${watched.job.media_id}`;
    const asBrowser = await fetch(path, { headers: { Accept: "image/avif,image/webp,*/*" } });
    expect(asBrowser.headers.get("Content-Type")).toBe("image/webp");
    expect(await sharp(Buffer.from(await asBrowser.arrayBuffer())).metadata()).toMatchObject({
      width: 320,
      height: 240,
    });
    const asTool = await fetch(path, { headers: { Accept: "image/jpeg" } });
    expect(asTool.headers.get("Content-Type")).toBe("image/jpeg");
  });

  it("answers a range of an output, and refuses one that is not there", async () => {
    const address = `${url}/outputs/${watched.job.job_id}/thumbnail.webp`;
    const ask = (range: string) =>
      fetch(address, { headers: { Authorization: `Bearer ${key}`, Range: range } });
    const part = await ask("bytes=4-11");
    expect(part.status).toBe(206);
    expect((await part.arrayBuffer()).byteLength).toBe(8);
    const beyond = await ask("bytes=99999999-");
    expect(beyond.status).toBe(416);
    expect(await beyond.json()).toMatchObject({ status: 416, detail: expect.any(String) });
  });

  it("is in the list of jobs", async () => {
    const { jobs } = await client.listJobs({ limit: 100 });
    expect(jobs.map(({ job_id }) => job_id)).toContain(watched.job.job_id);
  });
});

it("makes what it is asked for: ten at once, each in its own way", async () => {
  const outputs = [
    ...[100, 200, 300, 400].map((width) => ({ name: `w${width}.jpg`, format: "jpeg", width })),
    { name: "fit.png", format: "png", width: 120, height: 120 },
    { name: "crop.webp", format: "webp", width: 120, height: 120, resize_mode: "crop", crop_position: "top" },
    {
      name: "pad.webp",
      format: "webp",
      width: 120,
      height: 120,
      resize_mode: "pad",
      background_color: "#ff0000",
    },
    { name: "stretch.webp", format: "webp", width: 120, height: 60, resize_mode: "stretch" },
    { name: "poor.jpg", format: "jpeg", width: 400, quality: "low" },
    { name: "rich.jpg", format: "jpeg", width: 400, quality: "maximum" },
  ];
  const { job } = await develop(photo, "dusk.jpg", outputs);
  expect(job).toMatchObject({ status: "completed", error: null });
  const made = new Map(job.outputs.map((output) => [output.name, output]));
  expect(made.get("w300.jpg")).toMatchObject({ type: "image/jpeg", width: 300, height: 225 });
  expect(made.get("fit.png")).toMatchObject({ type: "image/png", width: 120, height: 90 });
  expect(made.get("crop.webp")).toMatchObject({ width: 120, height: 120 });
  expect(made.get("stretch.webp")).toMatchObject({ width: 120, height: 60 });
  expect(made.get("poor.jpg")?.bytes).toBeLessThan(made.get("rich.jpg")?.bytes ?? 0);
  const padded = await sharp(await bytesOf(made.get("pad.webp")?.url ?? ""))
    .raw()
    .toBuffer();
  expect(padded[0]).toBeGreaterThan(240);
  expect(padded[1]).toBeLessThan(20);
});

it("takes what an isolate cannot decode to the container by itself, as a job and by URL", async () => {
  const printed = await sharp(photo).resize(900).toColourspace("cmyk").jpeg().toBuffer();
  const { job, seen } = await develop(new Uint8Array(printed), "printed.jpg");
  expect(job).toMatchObject({ status: "completed", error: null });
  expect(seen.at(-1)?.tasks).toMatchObject([{ kind: "image", state: "done" }]);
  const thumbnail = await sharp(await bytesOf(`/outputs/${job.job_id}/thumbnail.webp`)).metadata();
  expect(thumbnail).toMatchObject({ format: "webp", width: 150, height: 150 });

  const address = `${url}/img/width=200,format=webp/${job.media_id}`;
  const cold = await fetch(address);
  expect(cold.status).toBe(200);
  expect(cold.headers.get("Server-Timing")).toMatch(/^cache;desc=made, .*container;dur=/);
  const onDemand = await sharp(Buffer.from(await cold.arrayBuffer())).metadata();
  expect(onDemand).toMatchObject({ format: "webp", width: 200, space: "srgb" });
  const again = await fetch(address);
  expect(again.headers.get("Server-Timing")).not.toContain("desc=made");
});
