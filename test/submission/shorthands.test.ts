import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ask, emptyStorage, keyFor, prepareDatabase } from "../fixtures/app.ts";
import { fileOf, paint } from "../fixtures/images.ts";
import { rowsOf } from "../fixtures/jobs.ts";
import { whenEnded } from "../fixtures/watching.ts";
import { file, outputs, problemOf, send } from "./sending.ts";

let anna: { Authorization: string };
let black: Uint8Array<ArrayBuffer>;
let logo: string;

beforeAll(async () => {
  await prepareDatabase();
  anna = await keyFor("anna");
  black = await fileOf(
    paint(100, 50, () => [0, 0, 0, 255]),
    "png",
  );
});
beforeEach(async () => {
  await emptyStorage();
  const red = await fileOf(
    paint(20, 10, () => [255, 0, 0, 255]),
    "png",
  );
  const response = await send(anna, [file(red, "logo.png", "image/png"), outputs([{ width: 4 }])]);
  const stored = (await response.json()) as { job_id: string; media_id: string };
  await whenEnded(stored.job_id, anna);
  logo = stored.media_id;
});

async function post(
  path: string,
  fields: Record<string, string>,
  bytes: Uint8Array<ArrayBuffer>,
  name: string,
) {
  const form = new FormData();
  for (const [field, value] of Object.entries(fields)) form.set(field, value);
  form.set("input_file", new Blob([bytes]), name);
  return await ask(path, { method: "POST", headers: anna, body: form });
}

async function postJson(path: string, body: unknown) {
  const headers = { ...anna, "Content-Type": "application/json" };
  return await ask(path, { method: "POST", headers, body: JSON.stringify(body) });
}

describe("POST /v1/images/watermark", () => {
  it("marks one image, by form or by media id, and under the old path", async () => {
    const fields = { logo_media_id: logo, opacity: "0.5", position: "bottom_left", format: "png" };
    const response = await post("/v1/images/watermark", fields, black, "a.png");
    expect(response.status).toBe(201);
    const { job_id, media_id } = (await response.json()) as { job_id: string; media_id: string };
    const job = await whenEnded(job_id, anna);
    expect(job.outputs).toMatchObject([{ name: "watermarked.png", width: 100, height: 50 }]);
    expect(job.output_specifications).toMatchObject([
      { format: "png", watermark: { media_id: logo, opacity: 0.5, position: "bottom_left" } },
    ]);
    const again = await postJson("/api/v1/images/watermark", { media_id, logo_media_id: logo, tile: true });
    expect(again.status, await again.clone().text()).toBe(201);
  });

  it("is made once under an idempotency key", async () => {
    const fields = { logo_media_id: logo, format: "png" };
    const once = async () => {
      const form = new FormData();
      for (const [field, value] of Object.entries(fields)) form.set(field, value);
      form.set("input_file", new Blob([black]), "a.png");
      const headers = { ...anna, "Idempotency-Key": "mark-1" };
      return await ask("/v1/images/watermark", { method: "POST", headers, body: form });
    };
    const [first, second] = [await once(), await once()];
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.headers.get("Idempotent-Replayed")).toBe("true");
    expect(await second.text()).toBe(await first.text());
  });

  it("says which field does not fit", async () => {
    for (const [fields, path] of [
      [{ logo_media_id: logo, opacity: "2" }, "opacity"],
      [{ logo_media_id: logo, colour: "red" }, "colour"],
      [{ logo_media_id: logo, output_specifications: "[]" }, "output_specifications"],
      [{}, "output_specifications.0.watermark.media_id"],
    ] as const) {
      const problem = await problemOf(
        await post("/v1/images/watermark", fields, black, "a.png"),
        422,
        "invalid_request",
      );
      expect(problem.errors?.map((error) => error.path)).toEqual([path]);
    }
  });
});

describe("POST /v1/videos/resize", () => {
  it("asks for an MP4 within 1280×720 unless it says else", async () => {
    const clip = Uint8Array.from({ length: 5_000 }, (_, at) => at & 255);
    clip.set(new TextEncoder().encode("\0\0\0\x18ftypisom\0\0\0\0isommp42"));
    expect((await post("/v1/videos/resize", {}, clip, "a.mp4")).status).toBe(201);
    expect((await post("/v1/videos/resize", { width: "640", height: "360" }, clip, "b.mp4")).status).toBe(
      201,
    );
    const rows = await rowsOf<{ output_specifications: string }>("jobs", "kind = 'video' ORDER BY id");
    expect(rows.map((row) => JSON.parse(row.output_specifications))).toEqual([
      [{ name: "resized.mp4", format: "mp4", width: 1280, height: 720 }],
      [{ name: "resized.mp4", format: "mp4", width: 640, height: 360 }],
    ]);
    await problemOf(await post("/v1/videos/resize", {}, black, "a.png"), 422, "invalid_request");
  });
});
