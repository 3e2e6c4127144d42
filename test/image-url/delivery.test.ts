import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { app } from "../../src/app.ts";
import { probeImage } from "../../src/image/probe.ts";
import { signImagePath } from "../../src/image-url/signature.ts";
import { ask, emptyStorage, keyFor, prepareDatabase, storedKeys, testEnv } from "../fixtures/app.ts";
import { disc, fileOf, photo } from "../fixtures/images.ts";
import { mediaRow, rowsOf } from "../fixtures/jobs.ts";
import { file, problemOf, send } from "../submission/sending.ts";

const SECRET = String(testEnv.TOKEN_SECRET);
const CHROME = "image/avif,image/webp,*/*;q=0.8";

let key: { Authorization: string };
let mediaId: string;

beforeAll(async () => {
  await prepareDatabase();
  key = await keyFor("anna");
});
beforeEach(async () => {
  await emptyStorage();
  mediaId = await upload(await fileOf(photo(200, 100), "jpeg"));
});

async function upload(bytes: Uint8Array, filename = "photo.jpg"): Promise<string> {
  const response = await send(key, [file(bytes, filename, "image/jpeg")]);
  return ((await response.json()) as { media_id: string }).media_id;
}

/** An image by its URL, signed as the deployment's policy wants it. */
async function image(options: string, init: RequestInit = {}, id = mediaId): Promise<Response> {
  return await ask(await signImagePath({ options, mediaId: id }, { current: SECRET }), init);
}

async function shapeOf(response: Response) {
  expect(response.status).toBe(200);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const { format, width, height } = probeImage(bytes, bytes.length) as unknown as Record<string, unknown>;
  return { format, width, height };
}

function timingOf(response: Response): string | null {
  return response.headers.get("Server-Timing");
}

describe("an image by URL", () => {
  it("is made once for 20 who ask at once, then stored, then cached", async () => {
    const responses = await Promise.all(Array.from({ length: 20 }, () => image("w=50,f=jpeg")));
    const bodies = await Promise.all(responses.map(async (each) => new Uint8Array(await each.arrayBuffer())));
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]));
    for (const body of bodies) expect(body).toEqual(bodies[0]);
    // One object that was put once: its ETag is everyone's, and so is the time it was made.
    for (const name of ["ETag", "Last-Modified"])
      expect(new Set(responses.map(({ headers }) => headers.get(name))).size).toBe(1);
    expect(await rowsOf("derivatives")).toMatchObject([{ media_id: mediaId, width: 50, height: 25 }]);
    expect(await storedKeys("derived/")).toHaveLength(1);
    const again = await image("w=50,f=jpeg");
    await again.arrayBuffer();
    expect(timingOf(again)).toMatch(/stored|hit/);
  });

  it("says how it came about, and comes from the cache whatever spelling asks for it", async () => {
    const first = await image("width=40,format=webp");
    expect(timingOf(first)).toContain("made");
    expect(await shapeOf(first)).toEqual({ format: "webp", width: 40, height: 20 });
    let timing: string | null = null;
    for (let tries = 0; tries < 50 && !timing?.includes("hit"); tries++) {
      const next = await image("f=webp,w=40");
      await next.arrayBuffer();
      timing = timingOf(next);
    }
    expect(timing).toContain("hit");
  });

  it("comes in the format that the client names, and one client's format is not another's", async () => {
    const formats = [];
    for (const accept of [CHROME, "image/jpeg", CHROME, "*/*"]) {
      const response = await image("w=30,f=auto", { headers: { Accept: accept } });
      expect(response.headers.get("Vary")).toContain("Accept");
      formats.push((await shapeOf(response)).format);
    }
    expect(formats).toEqual(["webp", "jpeg", "webp", "jpeg"]);
    const explicit = await image("w=30,f=png", { headers: { Accept: CHROME } });
    expect(explicit.headers.get("Vary") ?? "").not.toContain("Accept");
    expect((await shapeOf(explicit)).format).toBe("png");
  });

  it("keeps transparency where WebP is not understood", async () => {
    const id = await upload(await fileOf(disc(40), "png"), "disc.png");
    expect((await shapeOf(await image("w=20", {}, id))).format).toBe("png");
  });

  it("answers HEAD and If-None-Match without a body, cold and warm", async () => {
    for (let round = 0; round < 3; round++) {
      const head = await image("w=60", { method: "HEAD" });
      expect([head.status, (await head.arrayBuffer()).byteLength]).toEqual([200, 0]);
      const same = await image("w=60", { headers: { "If-None-Match": head.headers.get("ETag") ?? "" } });
      expect([same.status, (await same.arrayBuffer()).byteLength]).toEqual([304, 0]);
    }
    expect((await shapeOf(await image("w=60"))).width).toBe(60);
  });

  it.each([
    ["wdith=400", 422, "invalid_request", /wdith.*width/],
    ["width=0", 422, "invalid_request", /width/],
    ["width=400,fit=stretchy", 422, "invalid_request", /fit/],
    ["q=101", 422, "invalid_request", /quality/],
  ])("%s is refused by name", async (options, status, code, words) => {
    expect((await problemOf(await image(options), status, code)).detail).toMatch(words);
    expect(await storedKeys("derived/")).toEqual([]);
  });

  it("is not there for what is no image, or is not there", async () => {
    const clip = mediaRow("med_01j00000000000000000000000", { kind: "video", type: "video/mp4" });
    const insert =
      "INSERT INTO media SELECT ?, owner, 'video', 'video/mp4', filename, size_bytes, sha256, object_key, status, version, metadata, created_at FROM media LIMIT 1";
    await testEnv.DB.prepare(insert).bind(clip.id).run();
    for (const id of [clip.id, "med_01j00000000000000000000009", "med_x", "..%2f..%2fmedia", "%00"])
      await problemOf(await image("w=10", {}, id), 404, "not_found");
  });

  it("is gone with its media, from the cache too", async () => {
    for (let n = 0; n < 3; n++) await (await image("w=44")).arrayBuffer();
    const deleted = await ask(`/v1/media/${mediaId}`, { method: "DELETE", headers: key });
    expect(deleted.status).toBe(204);
    await problemOf(await image("w=44"), 404, "not_found");
    expect(await storedKeys("derived/")).toEqual([]);
    expect(await rowsOf("derivatives")).toEqual([]);
  });
});

describe("the policy", () => {
  const policy = (IMAGE_URL_POLICY: string) => ({ ...testEnv, IMAGE_URL_POLICY });
  async function askUnder(env: object, path: string): Promise<Response> {
    const context = { waitUntil: () => undefined, passThroughOnException: () => undefined };
    return await app.request(`https://darkroom.test${path}`, {}, env, context as never);
  }

  it("signed refuses URLs without a signature, with another's, or after their time", async () => {
    const keys = { current: SECRET };
    const good = await signImagePath({ options: "w=20", mediaId }, keys);
    expect((await askUnder(policy("signed"), good)).status).toBe(200);
    const now = Math.floor(Date.now() / 1000);
    const late = await signImagePath({ options: "w=20", mediaId, expiresAt: now - 1 }, keys);
    const soon = await signImagePath({ options: "w=20", mediaId, expiresAt: now + 60 }, keys);
    expect((await askUnder(policy("signed"), soon)).status).toBe(200);
    for (const path of [
      `/img/w=20/${mediaId}`,
      good.replace("w=20", "w=21"),
      soon.replace(/exp=\d+/, `exp=${now + 3600}`),
      soon.replace(/\?.*/, ""),
      late,
      await signImagePath({ options: "w=20", mediaId }, { current: "another key altogether" }),
    ])
      await problemOf(await askUnder(policy("signed"), path), 403, "forbidden");
    expect(await rowsOf("derivatives")).toHaveLength(1);
  });

  it("open lets any URL in, but no wrong signature", async () => {
    expect((await askUnder(policy("open"), `/img/w=20/${mediaId}`)).status).toBe(200);
    await problemOf(
      await askUnder(policy("open"), `/img/s--${"A".repeat(43)}/w=20/${mediaId}`),
      403,
      "forbidden",
    );
  });
});
