import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { app } from "../../src/app.ts";
import { probeImage } from "../../src/image/probe.ts";
import { mountedPath } from "../../src/image-url/mount.ts";
import { freshMs, remoteMediaId } from "../../src/image-url/remote-source.ts";
import { imageUrlSettings } from "../../src/image-url/settings.ts";
import { signImagePath } from "../../src/image-url/signature.ts";
import { sweep } from "../../src/retention/sweep.ts";
import { emptyStorage, keyFor, prepareDatabase, storedKeys, testEnv } from "../fixtures/app.ts";
import { fileOf, photo, quarters } from "../fixtures/images.ts";
import { rowsOf } from "../fixtures/jobs.ts";
import { problemOf } from "../submission/sending.ts";

const LISTED = "https://assets.example.com";
const THERE = `${LISTED}/photos/dusk.jpg`;
const MOUNT = "/cdn-cgi/image";
const env = { ...testEnv, IMAGE_URL_ORIGINS: `${LISTED}, https://cdn.example.org` };

let jpeg: Uint8Array<ArrayBuffer>;

beforeAll(async () => {
  await prepareDatabase();
  jpeg = await fileOf(photo(200, 100), "jpeg");
});
beforeEach(emptyStorage);
afterEach(() => vi.restoreAllMocks());

interface Asked {
  url: string;
  ifNoneMatch: string | null;
}

/** From now on other hosts answer like this. Returns what they were asked. */
function elsewhere(answer: (asked: Asked) => Response | Promise<Response>): Asked[] {
  const asked: Asked[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const request = new Request(input as string, init as RequestInit);
    asked.push({ url: request.url, ifNoneMatch: request.headers.get("If-None-Match") });
    return await answer(asked.at(-1) as Asked);
  });
  return asked;
}

const found = (bytes = jpeg, headers: Record<string, string> = {}) =>
  new Response(bytes, { headers: { "Content-Type": "image/jpeg", ETag: '"one"', ...headers } });

async function get(path: string, settings: object = {}) {
  const waiting: Promise<unknown>[] = [];
  const context = { waitUntil: (work: Promise<unknown>) => waiting.push(work), passThroughOnException() {} };
  const request = new Request(`https://darkroom.test${path}`, { headers: { Accept: "image/webp" } });
  const response = await app.fetch(request, { ...env, ...settings }, context as never);
  await Promise.all(waiting);
  return response;
}

async function shapeOf(response: Response) {
  expect(response.status).toBe(200);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const { format, width, height } = probeImage(bytes, bytes.length) as unknown as Record<string, unknown>;
  return [format, width, height];
}

/** Its host is asked again at the next request. */
async function grow(): Promise<void> {
  await testEnv.DB.prepare("UPDATE remote_images SET fresh_until = 0").run();
}

describe("an image of a listed origin", () => {
  it("is fetched once for all who ask at once, and served in any size", async () => {
    const asked = elsewhere(() => found());
    const crowd = await Promise.all(Array.from({ length: 20 }, () => get(`${MOUNT}/w=50/${THERE}`)));
    for (const response of crowd) expect(await shapeOf(response)).toEqual(["webp", 50, 25]);
    expect(await shapeOf(await get(`${MOUNT}/w=40,f=jpeg/${encodeURIComponent(THERE)}`))).toEqual([
      "jpeg",
      40,
      20,
    ]);
    expect(asked).toEqual([{ url: THERE, ifNoneMatch: null }]);
    expect(await storedKeys("media/")).toHaveLength(1);
    expect(await rowsOf("uploads")).toHaveLength(0);
    const answer = await get(`${MOUNT}/w=50/${THERE}`);
    expect(answer.headers.get("Cache-Control")).toBe("public, max-age=86400");
    expect(answer.headers.get("Content-Disposition")).toContain("dusk.webp");
  });

  it("is in nobody's list", async () => {
    elsewhere(() => found());
    await get(`${MOUNT}/w=50/${THERE}`);
    const anna = await keyFor("anna");
    const list = await app.fetch(new Request("https://darkroom.test/v1/media", { headers: anna }), env, {
      waitUntil() {},
      passThroughOnException() {},
    } as never);
    expect(await list.json()).toMatchObject({ media: [] });
  });

  it("is asked for again by its ETag, replaced when it changed, and kept while its host fails", async () => {
    let answer = () => found();
    const asked = elsewhere(() => answer());
    await get(`${MOUNT}/w=50/${THERE}`);
    await grow();
    answer = () => new Response(null, { status: 304 });
    expect(await shapeOf(await get(`${MOUNT}/w=50/${THERE}`))).toEqual(["webp", 50, 25]);
    expect(asked.map(({ ifNoneMatch }) => ifNoneMatch)).toEqual([null, '"one"']);
    await grow();
    const other = await fileOf(quarters(90, 90), "png");
    answer = () => found(other, { ETag: '"two"' });
    expect(await shapeOf(await get(`${MOUNT}/w=50/${THERE}`))).toEqual(["webp", 50, 50]);
    expect(await storedKeys("media/")).toHaveLength(1);
    expect(await storedKeys("derived/")).toHaveLength(1);
    await grow();
    answer = () => new Response("down", { status: 503 });
    expect(await shapeOf(await get(`${MOUNT}/w=50/${THERE}`))).toEqual(["webp", 50, 50]);
    expect(await shapeOf(await get(`${MOUNT}/w=50/${THERE}`))).toEqual(["webp", 50, 50]);
    expect(asked).toHaveLength(4);
    await grow();
    answer = () => new Response("gone", { status: 404 });
    await problemOf(await get(`${MOUNT}/w=50/${THERE}`), 422, "source_unavailable");
  });

  it("follows redirects among the listed and to nowhere else", async () => {
    const places: Record<string, string> = {
      [`${LISTED}/a`]: "https://cdn.example.org/b",
      [`${LISTED}/private`]: "http://169.254.169.254/latest/meta-data",
      [`${LISTED}/home`]: "http://127.0.0.1:8787/v1/keys",
      [`${LISTED}/other`]: "https://elsewhere.example.net/x.jpg",
      [`${LISTED}/user`]: "https://root:toor@cdn.example.org/x.jpg",
      [`${LISTED}/file`]: "file:///etc/passwd",
    };
    const asked = elsewhere(({ url }) =>
      places[url] ? new Response(null, { status: 302, headers: { Location: places[url] } }) : found(),
    );
    expect(await shapeOf(await get(`${MOUNT}/w=50/${LISTED}/a`))).toEqual(["webp", 50, 25]);
    for (const name of ["private", "home", "other", "user", "file"])
      await problemOf(await get(`${MOUNT}/w=50/${LISTED}/${name}`), 422, "source_unavailable");
    expect(asked.map(({ url }) => url).filter((url) => !url.startsWith(LISTED))).toEqual([
      "https://cdn.example.org/b",
    ]);
  });

  it("is refused when it is no image, too large or cut short, and nothing of it stays", async () => {
    const endless = () => {
      const chunk = new Uint8Array(4_000_000);
      chunk.set(jpeg);
      return new ReadableStream({ pull: (controller) => controller.enqueue(chunk) });
    };
    const answers: [() => Response, number, string][] = [
      [
        () =>
          new Response("<html><script>alert(1)</script></html>", {
            headers: { "Content-Type": "image/png" },
          }),
        415,
        "type_mismatch",
      ],
      [() => found(jpeg.slice(0, jpeg.length / 2)), 422, "corrupt_image"],
      [
        () => new Response(endless(), { headers: { "Content-Type": "image/jpeg" } }),
        413,
        "payload_too_large",
      ],
      [() => new Response("", { status: 200 }), 422, "empty_file"],
    ];
    for (const [answer, status, code] of answers) {
      elsewhere(answer);
      await problemOf(await get(`${MOUNT}/w=50/${THERE}`), status, code);
      vi.restoreAllMocks();
    }
    expect([await storedKeys(), await rowsOf("media"), await rowsOf("uploads")]).toEqual([[], [], []]);
  });

  it("is forgotten when nobody has asked for it for a month", async () => {
    elsewhere(() => found());
    await get(`${MOUNT}/w=50/${THERE}`);
    vi.restoreAllMocks();
    expect((await sweep(testEnv, Date.now() + 29 * 86_400_000)).remotesForgotten).toBe(0);
    expect((await sweep(testEnv, Date.now() + 32 * 86_400_000)).remotesForgotten).toBe(1);
    expect([await storedKeys(), await rowsOf("media"), await rowsOf("remote_images")]).toEqual([[], [], []]);
  });

  it("needs a signature where images do, over the very URL", async () => {
    elsewhere(() => found());
    const settings = { IMAGE_URL_POLICY: "signed", IMAGE_URL_KEY: "a-key-of-sixteen-or-more" };
    await problemOf(await get(`${MOUNT}/w=50/${THERE}`, settings), 403, "forbidden");
    const path = { options: "w=50", mediaId: encodeURIComponent(THERE) };
    const signed = await signImagePath(path, { current: settings.IMAGE_URL_KEY });
    expect(await shapeOf(await get(signed, settings))).toEqual(["webp", 50, 25]);
    expect(await shapeOf(await get(signed.replace("/img", MOUNT), settings))).toEqual(["webp", 50, 25]);
    await problemOf(await get(signed.replace("dusk", "dawn"), settings), 403, "forbidden");
  });
});

describe("a URL that is not listed", () => {
  it("is never asked for, however it is written", async () => {
    const asked = elsewhere(() => found());
    for (const source of [
      "https://elsewhere.example.net/x.jpg",
      "http://assets.example.com/x.jpg",
      "https://assets.example.com:8443/x.jpg",
      "https://assets.example.com.evil.example/x.jpg",
      "https://assets.example.com@evil.example/x.jpg",
      "https://user:pass@assets.example.com/x.jpg",
      "http://127.0.0.1/x.jpg",
      "http://[::1]/x.jpg",
      "http://169.254.169.254/latest",
      "https:%2f%2fassets.example.com/x.jpg",
      encodeURIComponent("http://localhost/x.jpg"),
      encodeURIComponent("https://evil.example/?https://assets.example.com/"),
    ]) {
      const response = await get(`${MOUNT}/w=50/${source}`);
      expect([403, 404], source).toContain(response.status);
    }
    await problemOf(await get(`/img/w=50/${encodeURIComponent("https://evil.example/x")}`), 403, "forbidden");
    await problemOf(await get(`${MOUNT}/w=50/${THERE}`, { IMAGE_URL_ORIGINS: "" }), 403, "forbidden");
    expect(asked).toEqual([]);
  });

  it("cannot leave its origin by dots", () => {
    const own = new URL("https://media.example.com/x?exp=9&size=2");
    const [, encoded = ""] = mountedPath(["w=1", ...`${LISTED}/a/../../b.jpg`.split("/")], own, [LISTED]);
    expect(decodeURIComponent(encoded)).toBe(`${LISTED}/b.jpg?size=2`);
  });
});

describe("its settings and its names", () => {
  it("take origins, and nothing with a path", () => {
    const origins = (text: string) => imageUrlSettings({ IMAGE_URL_ORIGINS: text }, "secret").origins;
    expect(origins("")).toEqual([]);
    expect(origins("https://a.example,http://b.example:8080")).toEqual([
      "https://a.example",
      "http://b.example:8080",
    ]);
    for (const wrong of ["https://a.example/", "a.example", "https://*.example/x", "file:///"])
      expect(() => origins(wrong)).toThrow();
  });

  it("are the same for the same URL, and fresh for as long as is sensible", async () => {
    expect(await remoteMediaId(THERE)).toBe(await remoteMediaId(THERE));
    expect(await remoteMediaId(THERE)).toMatch(/^med_[0-9a-hjkmnp-tv-z]{26}$/);
    expect(await remoteMediaId(`${THERE}?`)).not.toBe(await remoteMediaId(THERE));
    expect(
      [null, "max-age=0", "public, max-age=600", "max-age=99999999", "x-max-age=7"].map(freshMs),
    ).toEqual([3_600_000, 60_000, 600_000, 86_400_000, 3_600_000]);
  });
});
