import { beforeAll, beforeEach, expect, it } from "vitest";
import { lineOf } from "../../src/activity/entry.ts";
import { LIMITS } from "../../src/config.ts";
import { sweep } from "../../src/retention/sweep.ts";
import { ask, emptyStorage, keyFor, prepareDatabase, testEnv } from "../fixtures/app.ts";
import { fileOf, photo } from "../fixtures/images.ts";
import { rowsOf } from "../fixtures/jobs.ts";
import { whenEnded } from "../fixtures/watching.ts";
import { file, outputs, problemOf, send } from "../submission/sending.ts";

let anna: { Authorization: string };

beforeAll(async () => {
  await prepareDatabase();
  anna = await keyFor("anna");
});
beforeEach(emptyStorage);

async function read(query = "", headers: Record<string, string> = anna) {
  const response = await ask(`/v1/activity${query}`, { headers });
  return {
    response,
    page: (await response.json()) as { activity: Record<string, unknown>[]; next_cursor: string },
  };
}

it("says a line in the words that people grep for", () => {
  const at = { createdAt: Date.UTC(2026, 0, 15, 14, 30, 45), worker: "worker-1" };
  expect(lineOf({ ...at, fileKind: "image", filename: "watermarked_photo.jpg" })).toBe(
    "[2026-01-15 14:30:45] WORKER: worker-1 | IMAGE: watermarked_photo.jpg",
  );
  expect(lineOf({ ...at, fileKind: "video", filename: "film.mp4" })).toContain("| VIDEO: film.mp4");
});

it("tells of every file that a job stored, newest first, in pages and by filter, to its owner only", async () => {
  const jpeg = await fileOf(photo(40, 30), "jpeg");
  const response = await send(anna, [
    file(jpeg, "beach.jpg"),
    outputs([{ name: "a.webp" }, { name: "b.webp" }]),
  ]);
  const { job_id, media_id } = (await response.json()) as { job_id: string; media_id: string };
  await whenEnded(job_id, anna);
  const { page } = await read();
  expect(page.activity).toMatchObject([
    {
      type: "stored",
      file_kind: "image",
      filename: "b.webp",
      worker: expect.stringMatching(/^edge-/),
      job_id,
    },
    { type: "stored", filename: "a.webp", media_id },
    { type: "stored", filename: "beach.jpg", worker: "api", bytes: jpeg.length, media_id, job_id },
  ]);
  const first = await read("?limit=2");
  expect(first.response.headers.get("Link")).toContain(`cursor=${first.page.next_cursor}`);
  expect((await read(`?limit=2&cursor=${first.page.next_cursor}`)).page).toMatchObject({
    activity: [{ filename: "beach.jpg" }],
    next_cursor: null,
  });
  expect((await read("?worker=api")).page.activity).toHaveLength(1);
  expect((await read("?type=shipped")).page.activity).toEqual([]);
  expect((await read("?created_before=2020-01-01T00:00:00Z")).page.activity).toEqual([]);
  expect((await read(`?job_id=${job_id}&file_kind=image`)).page.activity).toHaveLength(3);
  expect((await read("", await keyFor("ben"))).page.activity).toEqual([]);
  const text = await ask("/v1/activity", { headers: { ...anna, Accept: "text/plain" } });
  expect(text.headers.get("Content-Type")).toMatch(/^text\/plain/);
  expect((await text.text()).split("\n")).toEqual([
    expect.stringMatching(/^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] WORKER: edge-[0-9a-f]+ \| IMAGE: b\.webp$/),
    expect.stringMatching(/ \| IMAGE: a\.webp$/),
    expect.stringMatching(/ WORKER: api \| IMAGE: beach\.jpg$/),
    "",
  ]);
  await problemOf(
    await ask("/v1/activity", { headers: { ...anna, Accept: "image/png" } }),
    406,
    "not_acceptable",
  );
  await problemOf(await ask("/v1/activity?who=me", { headers: anna }), 422, "invalid_request");
});

it("is forgotten after 30 days", async () => {
  const insert = testEnv.DB.prepare(
    "INSERT INTO activity (id, owner, type, file_kind, filename, bytes, worker, created_at) VALUES (?, 'anna', 'stored', 'file', 'a', 1, 'w', ?)",
  );
  const nowMs = Date.now();
  await testEnv.DB.batch([
    insert.bind("act_1", nowMs - LIMITS.activityKeptMs - 1),
    insert.bind("act_2", nowMs - LIMITS.activityKeptMs + 1),
  ]);
  expect(await sweep(testEnv, nowMs)).toMatchObject({ activityForgotten: 1 });
  expect(await rowsOf("activity")).toMatchObject([{ id: "act_2" }]);
});

it("and every other route can be found below /api, and jobs at /media", async () => {
  expect((await ask("/api/v1/activity", { headers: anna })).status).toBe(200);
  const unknown = await problemOf(await ask("/api/v1/nothing", { headers: anna }), 404, "not_found");
  expect(unknown.request_id).toMatch(/^req_/);
  await problemOf(await ask("/api/v1/activity"), 401, "unauthenticated");
  const form = new FormData();
  form.set("input_file", new Blob([await fileOf(photo(8, 8), "jpeg")]), "a.jpg");
  const accepted = await ask("/media", { method: "POST", headers: anna, body: form });
  expect(accepted.status).toBe(201);
  await problemOf(await ask("/media", { headers: anna }), 404, "not_found");
});
