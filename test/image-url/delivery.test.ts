import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { app } from "../../src/app.ts";
import { probeImage } from "../../src/image/probe.ts";
import { cacheUrl } from "../../src/image-url/purge.ts";
import { derivedKey } from "../../src/image-url/settings.ts";
import { signImagePath } from "../../src/image-url/signature.ts";
import { toImageOutput } from "../../src/image-url/to-output.ts";
import type { MediaRecord } from "../../src/media/record.ts";
import { readPublishedMedia } from "../../src/media/store.ts";
import { ask, emptyStorage, keyFor, prepareDatabase, storedKeys, testEnv } from "../fixtures/app.ts";
import { disc, fileOf, photo } from "../fixtures/images.ts";
import { mediaRow, rowsOf } from "../fixtures/jobs.ts";
import { file, problemOf, send } from "../submission/sending.ts";

const SECRET = derivedKey(String(testEnv.TOKEN_SECRET));
const CHROME = "image/webp,image/apng,*/*;q=0.8";
const WITH_AVIF = "image/avif,image/webp,image/apng,*/*;q=0.8";

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

/** Counts what the producer of a derivative stores from now on. */
async function countPuts(derivative: string): Promise<() => number> {
  let puts = 0;
  await runInDurableObject(testEnv.DERIVATIVES.getByName(derivative), (producer) => {
    const inside = producer as unknown as { env: { MEDIA: R2Bucket } };
    const bucket = inside.env.MEDIA;
    const counting = {
      head: (key: string) => bucket.head(key),
      get: (key: string) => bucket.get(key),
      put: async (key: string, bytes: Uint8Array, options: R2PutOptions) => {
        puts++;
        return await bucket.put(key, bytes, options);
      },
    };
    inside.env = { ...inside.env, MEDIA: counting as never };
  });
  return () => puts;
}

async function record(): Promise<MediaRecord> {
  const found = await readPublishedMedia(testEnv.DB, mediaId);
  if (!found) throw new Error("the media is not there");
  return found;
}

/** Has the producer of a derivative find no container that answers. */
async function withoutContainers(derivative: string): Promise<void> {
  await runInDurableObject(testEnv.DERIVATIVES.getByName(derivative), (producer) => {
    const inside = producer as unknown as { env: object };
    const render = async () => ({ code: "transcoder_unavailable", message: "No container." });
    inside.env = { ...inside.env, TRANSCODER: { getByName: () => ({ render, hurry: () => {} }) } };
  });
}

function timingOf(response: Response): string | null {
  return response.headers.get("Server-Timing");
}

describe("an image by URL", () => {
  it("keeps the side that follows from the other to the limit, too", async () => {
    const thin = await upload(await fileOf(photo(4, 3000), "png"), "thin.png");
    await problemOf(await image("width=20,fit=contain,format=jpeg", {}, thin), 400, "invalid_image_url");
    expect(await shapeOf(await image("height=2000,format=jpeg", {}, thin))).toMatchObject({ height: 2000 });
    const tall = await upload(await fileOf(photo(2, 5000), "png"), "tall.png");
    expect(await shapeOf(await image("format=png", {}, tall))).toMatchObject({ height: 4096 });
  });

  it("is made once for 100 who ask at once, then stored, then cached", async () => {
    const puts = await countPuts(`${mediaId}/1/width=50,fit=scale-down.jpg`);
    const responses = await Promise.all(Array.from({ length: 100 }, () => image("w=50,f=jpeg")));
    expect(puts()).toBe(1);
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
  }, 30_000);

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
    expect(explicit.headers.get("Vary")).toBeNull();
    expect((await shapeOf(explicit)).format).toBe("png");
  });

  it("is one and the same for the pages of all sites, failures too, so that caches keep it once", async () => {
    const own = await image("w=31,f=png");
    const asked = { headers: { Origin: "https://shop.example", Accept: "image/png" } };
    for (const url of [`/img/w=31,f=png/${mediaId}`, `/cdn-cgi/image/w=31,f=png/${mediaId}`]) {
      const theirs = await ask(url, asked);
      for (const name of ["Vary", "Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "ETag"])
        expect(theirs.headers.get(name)).toBe(own.headers.get(name));
      expect(theirs.headers.get("Access-Control-Allow-Origin")).toBe("*");
      expect(theirs.headers.get("Vary")).toBeNull();
      await theirs.arrayBuffer();
    }
    const negotiated = await image("w=31,f=auto", asked);
    expect(negotiated.headers.get("Vary")).toBe("Accept");
    await negotiated.arrayBuffer();
    const refused = await ask(`/img/wdth=1/${mediaId}`, asked);
    expect(refused.status).toBe(400);
    expect(refused.headers.get("Access-Control-Allow-Origin")).toBe("*");
    expect(refused.headers.get("Vary")).toBeNull();
    // What a key opens is still for the sites that are listed.
    const api = await ask("/v1/media", asked);
    expect(api.headers.get("Access-Control-Allow-Origin")).toBeNull();
    expect(api.headers.get("Vary")).toContain("Origin");
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
    ["wdith=400", 400, "invalid_image_url", /wdith.*width/],
    ["width=0", 400, "invalid_image_url", /width/],
    ["width=400,fit=stretchy", 400, "invalid_image_url", /fit/],
    ["w=4000,dpr=2", 400, "invalid_image_url", /dpr/],
    ["w=999999", 400, "invalid_image_url", /width/],
    ["dpr=1e9", 400, "invalid_image_url", /dpr/],
    ["w=1,".repeat(10_000).slice(0, -1), 400, "invalid_image_url", /longer than/],
    ["q=101", 400, "invalid_image_url", /quality/],
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
    let timing: string | null = null;
    for (let tries = 0; tries < 50 && !timing?.includes("hit"); tries++) {
      const response = await image("w=44");
      await response.arrayBuffer();
      timing = timingOf(response);
    }
    const copy = cacheUrl(testEnv, `derived/${mediaId}/1/width=44,fit=scale-down.jpg`);
    expect(await caches.default.match(copy)).toBeDefined();
    const deleted = await ask(`/v1/media/${mediaId}`, { method: "DELETE", headers: key });
    expect(deleted.status).toBe(204);
    await problemOf(await image("w=44"), 404, "not_found");
    expect(await storedKeys("derived/")).toEqual([]);
    expect(await rowsOf("derivatives")).toEqual([]);
    expect(await caches.default.match(copy)).toBeUndefined();
  });
});

describe("its answer", () => {
  it("names the file, the steps, and how long it may be kept", async () => {
    const made = await image("w=48,f=webp");
    expect(made.headers.get("Content-Disposition")).toBe('inline; filename="photo.webp"');
    expect(timingOf(made)).toMatch(/^cache;desc=made(, \w+;dur=[\d.]+)*, total;dur=/);
    expect(made.headers.get("Cache-Control")).toBe("public, max-age=86400");
    await made.arrayBuffer();
    const path = await signImagePath({ options: "w=48,f=webp", mediaId }, { current: SECRET });
    const versioned = await ask(`${path}?v=1`);
    expect(versioned.headers.get("Cache-Control")).toContain("immutable");
    const other = await ask(`${path}?v=2`);
    expect(other.headers.get("Cache-Control")).not.toContain("immutable");
    const named = await ask(`${path}/my%20holiday.png`);
    expect(named.headers.get("Content-Disposition")).toBe('inline; filename="my holiday.webp"');
    for (const response of [versioned, other, named]) await response.arrayBuffer();
  });

  it("can be a range, cold and warm", async () => {
    const whole = new Uint8Array(await (await image("w=64,f=png")).arrayBuffer());
    for (let round = 0; round < 4; round++) {
      const part = await image("w=64,f=png", { headers: { Range: "bytes=8-15" } });
      expect([part.status, part.headers.get("Content-Range")]).toEqual([206, `bytes 8-15/${whole.length}`]);
      expect(new Uint8Array(await part.arrayBuffer())).toEqual(whole.slice(8, 16));
    }
    expect(new Uint8Array(await (await image("w=64,f=png")).arrayBuffer())).toEqual(whole);
  });

  it("is whole for a range of another state of it, cold and warm", async () => {
    const whole = await (await image("w=65,f=png")).arrayBuffer();
    for (let round = 0; round < 4; round++) {
      const ranged = await image("w=65,f=png", { headers: { Range: "bytes=0-3", "If-Range": '"another"' } });
      expect([ranged.status, (await ranged.arrayBuffer()).byteLength]).toEqual([200, whole.byteLength]);
    }
  });

  it("is never another's, whatever headers come with it", async () => {
    const seen: unknown[] = [];
    for (let round = 0; round < 3; round++) {
      for (const headers of [
        { Accept: CHROME },
        { Accept: "image/jpeg", "X-Forwarded-Host": "evil.example", "X-Original-URL": "/img/w=1/x" },
        { Accept: "image/jpeg", "Save-Data": "on", Width: "1", "User-Agent": "iPhone" },
        { Accept: `image/webp;q=0,${"image/x,".repeat(500)}` },
      ] as Record<string, string>[])
        seen.push((await shapeOf(await image("w=70", { headers }))).format);
    }
    expect(seen).toEqual(Array.from({ length: 3 }, () => ["webp", "jpeg", "jpeg", "jpeg"]).flat());
    expect(await storedKeys("derived/")).toHaveLength(2);
  });

  it("suits the device and the connection, in a few variants", async () => {
    const wide = await upload(await fileOf(photo(1300, 100), "jpeg"));
    const widthFor = async (headers: Record<string, string>) => {
      const response = await image("w=auto,f=jpeg,scq=20", { headers }, wide);
      expect(response.headers.get("Vary")).toContain("Save-Data");
      expect(response.headers.get("Accept-CH")).toContain("Sec-CH-Width");
      return (await shapeOf(response)).width;
    };
    expect(await widthFor({ "Sec-CH-Width": "321" })).toBe(768);
    expect(await widthFor({ "Sec-CH-Width": "322" })).toBe(768);
    expect(await widthFor({ "User-Agent": "Mozilla/5.0 (iPhone) Mobile" })).toBe(320);
    expect(await widthFor({ "User-Agent": "Mozilla/5.0 (iPhone) Mobile", "Save-Data": "on" })).toBe(320);
    expect(await storedKeys("derived/")).toHaveLength(3);
  });

  it("does what its options say", async () => {
    expect(await shapeOf(await image("w=60,rotate=90,border=3,f=png"))).toEqual({
      format: "png",
      width: 66,
      height: 126,
    });
    expect(await shapeOf(await image("preset=thumbnail,f=jpeg"))).toMatchObject({ width: 150, height: 150 });
    expect(await shapeOf(await image("trim=10;20;30;40,f=jpeg"))).toMatchObject({ width: 140, height: 60 });
    expect(await shapeOf(await image("w=40,h=40,fit=cover,g=auto,f=webp"))).toMatchObject({
      width: 40,
      height: 40,
    });
    // At once: a request waits for no longer than one that looks for a container may take.
    await withoutContainers(`${mediaId}/1/width=40,height=40,fit=cover,gravity=face.webp`);
    const face = await image("w=40,h=40,fit=cover,g=face,f=webp");
    expect(face.headers.get("X-Image-Note")).toContain("what draws the eye");
    expect((await shapeOf(face)).width).toBe(40);
    await problemOf(await image("trim=99;0;99;0"), 422, "impossible_output");
    await problemOf(await image("preset=thumnail"), 400, "invalid_image_url");
  });

  it("is not tried again for a while after it could not be made, but for a new version of the media", async () => {
    const { objectKey } = await record();
    const whole = await fileOf(photo(200, 100), "jpeg");
    await testEnv.MEDIA.put(objectKey, whole.subarray(0, whole.length / 2));
    await problemOf(await image("w=34"), 422, "corrupt_image");
    await testEnv.MEDIA.put(objectKey, whole);
    await problemOf(await image("w=34"), 422, "corrupt_image");
    expect(await shapeOf(await image("w=35"))).toMatchObject({ width: 35 });
    await testEnv.DB.prepare("UPDATE media SET version = 2 WHERE id = ?").bind(mediaId).run();
    expect(await shapeOf(await image("w=34"))).toMatchObject({ width: 34 });
    const failed = testEnv.DERIVATIVES.getByName(`${mediaId}/1/width=34,fit=scale-down.jpg`);
    expect(await runDurableObjectAlarm(failed)).toBe(true);
    await runInDurableObject(failed, (_, { storage }) => expect(storage.kv.get("failure")).toBeUndefined());
  });

  it("is tried again at once when only the container was out of reach", async () => {
    const { metadata } = await record();
    const cmyk = { ...metadata, components: 4, colorModel: "cmyk" };
    const learn = async (learned: object) =>
      await testEnv.DB.prepare("UPDATE media SET metadata = ? WHERE id = ?")
        .bind(JSON.stringify(learned), mediaId)
        .run();
    await learn(cmyk);
    await withoutContainers(`${mediaId}/1/mezzanine`);
    await problemOf(await image("w=36"), 503, "transcoder_unavailable");
    await learn(metadata);
    expect(await shapeOf(await image("w=36"))).toMatchObject({ width: 36 });
  });

  it("sends on to the original when the image cannot be made, if that is wished", async () => {
    await testEnv.MEDIA.put(`media/${mediaId}/original`, "no picture any more");
    const sentOn = await image("w=33,onerror=redirect");
    expect([sentOn.status, sentOn.headers.get("Cache-Control")]).toEqual([302, "no-store"]);
    // To a place of this host that needs no key, for a while, and whose name is no other's.
    const place = String(sentOn.headers.get("Location"));
    expect(place).toMatch(
      new RegExp(`^https://darkroom\\.test/img/s--[\\w-]{43}/original/${mediaId}\\?exp=\\d+$`),
    );
    const original = await ask(place.slice("https://darkroom.test".length));
    expect(await original.text()).toBe("no picture any more");
    expect(original.headers.get("Content-Security-Policy")).toContain("sandbox");
    for (const forged of [
      place.replace(/exp=\d+/, "exp=9999999999"),
      place.replace(/\?exp=\d+/, ""),
      place.replace(/s--...../, "s--AAAAA"),
      place.replace(mediaId, `med_${"0".repeat(26)}`),
    ])
      await problemOf(await ask(forged.slice("https://darkroom.test".length)), 403, "forbidden");
    await problemOf(await ask(`/img/original/${mediaId}`), 400, "invalid_image_url");
    // Nobody who only guessed the URL learns where a photo was taken.
    await problemOf(await ask(`/img/w=33,onerror=redirect/${mediaId}`), 422, "corrupt_image");
    await problemOf(await image("w=33"), 422, "corrupt_image");
    await problemOf(await image("w=0,onerror=redirect"), 400, "invalid_image_url");
  });
});

describe("AVIF", () => {
  const asking = { headers: { Accept: WITH_AVIF } };

  it("follows what was fast: WebP at once and for a short time, AVIF as soon as it is there", async () => {
    const derivative = `${mediaId}/1/width=52,fit=scale-down.avif`;
    await withoutContainers(derivative);
    const first = await image("w=52", asking);
    expect(first.headers.get("Cache-Control")).toBe("public, max-age=30");
    expect((await shapeOf(first)).format).toBe("webp");
    const producer = testEnv.DERIVATIVES.getByName(derivative);
    const row = await testEnv.DB.prepare("SELECT * FROM media").first();
    const order = {
      objectKey: `derived/${derivative}`,
      media: { ...row, id: mediaId } as never,
      output: toImageOutput({ width: 52 }, "avif"),
    };
    // Joins what the request began, or finds it done.
    expect(await producer.make(order)).toMatchObject({ made: true });
    const second = await image("w=52", asking);
    expect(second.headers.get("Cache-Control")).toBe("public, max-age=86400");
    expect(second.headers.get("Content-Type")).toBe("image/avif");
    expect(second.headers.get("Vary")).toContain("Accept");
    expect(await shapeOf(second)).toEqual({ format: "avif", width: 52, height: 26 });
    expect((await shapeOf(await image("w=52", { headers: { Accept: CHROME } }))).format).toBe("webp");
    expect((await shapeOf(await image("w=52", { headers: { Accept: "*/*" } }))).format).toBe("jpeg");
  });

  it("is made at once when it is named", async () => {
    const named = await image("w=53,f=avif");
    expect(named.headers.get("Vary")).toBeNull();
    expect(await shapeOf(named)).toEqual({ format: "avif", width: 53, height: 27 });
  });
});

describe("Cloudflare's path", () => {
  it("serves the same images", async () => {
    const own = await image("w=51,f=webp");
    await own.arrayBuffer();
    for (const source of [mediaId, `${mediaId}/photo.jpg`, `https://darkroom.test/img/w=1/${mediaId}`]) {
      const response = await ask(`/cdn-cgi/image/width=51,format=webp/${source}`);
      expect(await shapeOf(response)).toMatchObject({ format: "webp", width: 51 });
      expect(response.headers.get("ETag")).toBe(own.headers.get("ETag"));
    }
    expect(await storedKeys("derived/")).toHaveLength(1);
    await problemOf(await ask(`/cdn-cgi/image/w=9/https://evil.example/${mediaId}`), 403, "forbidden");
    await problemOf(await ask("/cdn-cgi/image/w=9/photo.jpg"), 404, "not_found");
    expect((await ask(`/cdn-cgi/image/w=9/${mediaId}`, { method: "POST" })).status).toBe(404);
  });
});

describe("the policy", () => {
  const policy = (IMAGE_URL_POLICY: string) => ({ ...testEnv, IMAGE_URL_POLICY });
  async function askUnder(
    env: object,
    path: string,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    const context = { waitUntil: () => undefined, passThroughOnException: () => undefined };
    return await app.request(`https://darkroom.test${path}`, { headers }, env, context as never);
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

  it("presets lets names in and nothing else, but what is signed", async () => {
    const env = { ...policy("presets"), IMAGE_URL_PRESETS: '{"tiny":"w=12"}' };
    expect((await askUnder(env, `/img/preset=tiny,f=png/${mediaId}`)).status).toBe(200);
    expect((await askUnder(env, `/img/preset=thumbnail/${mediaId}`)).status).toBe(200);
    for (const options of ["w=12", "preset=tiny,w=13", "preset=tiny,dpr=2"])
      await problemOf(await askUnder(env, `/img/${options}/${mediaId}`), 403, "forbidden");
    const signed = await signImagePath({ options: "w=13", mediaId }, { current: SECRET });
    expect((await askUnder(env, signed)).status).toBe(200);
  });

  it("signed takes the new key and the one before it, and no other", async () => {
    const [current, previous] = ["the-new-key-0123456789", "the-old-key-0123456789"];
    const env = { ...policy("signed"), IMAGE_URL_KEY: current, IMAGE_URL_KEY_PREVIOUS: previous };
    const statusOf = async (key: string, at: object) =>
      (await askUnder(at, await signImagePath({ options: "w=14", mediaId }, { current: key }))).status;
    expect([await statusOf(current, env), await statusOf(previous, env)]).toEqual([200, 200]);
    expect(await statusOf(SECRET, env)).toBe(403);
    expect(await statusOf(String(testEnv.TOKEN_SECRET), policy("signed"))).toBe(403);
    expect(await statusOf(previous, { ...env, IMAGE_URL_KEY_PREVIOUS: "" })).toBe(403);
  });

  it("lets a scan of widths make a few images and no more, and serves what is there", async () => {
    const env = { ...policy("open"), IMAGE_URL_MISSES_PER_MINUTE: "3" };
    const statuses = [];
    for (let width = 1; width <= 6; width++)
      statuses.push((await askUnder(env, `/img/w=${width},f=png/${mediaId}`)).status);
    expect(statuses).toEqual([200, 200, 200, 429, 429, 429]);
    expect((await askUnder(env, `/img/w=2,f=png/${mediaId}`)).status).toBe(200);
    const refused = await askUnder(env, `/img/w=7,f=png/${mediaId}`);
    expect(Number(refused.headers.get("Retry-After"))).toBeGreaterThan(0);
    await problemOf(refused, 429, "image_rate_limited");
    expect(await storedKeys("derived/")).toHaveLength(3);
  });

  it("takes one miss for one image, however many wait for it or come back", async () => {
    const env = { ...policy("open"), IMAGE_URL_MISSES_PER_MINUTE: "2" };
    const crowded = { "CF-Connecting-IP": "192.0.2.12" };
    const crowd = await Promise.all(
      Array.from({ length: 12 }, () => askUnder(env, `/img/w=51,f=png/${mediaId}`, crowded)),
    );
    expect(crowd.map(({ status }) => status)).toEqual(crowd.map(() => 200));
    await Promise.all(crowd.map(async (response) => await response.arrayBuffer()));
    expect((await askUnder(env, `/img/w=52,f=png/${mediaId}`, crowded)).status).toBe(200);
    await problemOf(await askUnder(env, `/img/w=53,f=png/${mediaId}`, crowded), 429, "image_rate_limited");
  });

  it("lets nobody have an AVIF made past their budget", async () => {
    const env = { ...policy("open"), IMAGE_URL_MISSES_PER_MINUTE: "1" };
    const later: Promise<unknown>[] = [];
    const context = {
      waitUntil: (work: Promise<unknown>) => later.push(work),
      passThroughOnException: () => undefined,
    };
    const from = async (path: string, accept: string) =>
      await app.request(
        `https://darkroom.test${path}`,
        { headers: { Accept: accept, "CF-Connecting-IP": "192.0.2.7" } },
        env,
        context as never,
      );
    const last = await from(`/img/w=41/${mediaId}`, WITH_AVIF);
    expect((await shapeOf(last)).format).toBe("webp");
    const kept = await from(`/img/w=41/${mediaId}`, WITH_AVIF);
    expect((await shapeOf(kept)).format).toBe("webp");
    await problemOf(await from(`/img/w=42/${mediaId}`, WITH_AVIF), 429, "image_rate_limited");
    await Promise.all(later);
    expect(await storedKeys("derived/")).toEqual([expect.stringMatching(/\.webp$/)]);
  });

  it("takes a time without a signature for none", async () => {
    const asked = await askUnder(policy("open"), `/img/w=43/${mediaId}?exp=1`);
    expect(asked.headers.get("Cache-Control")).toContain("max-age=86400");
    expect((await shapeOf(asked)).width).toBe(43);
  });

  it("rounds widths up to the deployment's steps", async () => {
    const env = { ...policy("open"), IMAGE_URL_WIDTH_STEPS: "32,64" };
    for (const width of [20, 30, 32]) {
      const response = await askUnder(env, `/img/w=${width},f=png/${mediaId}`);
      expect((await shapeOf(response)).width).toBe(32);
    }
    expect(await storedKeys("derived/")).toHaveLength(1);
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
