import { runInDurableObject } from "cloudflare:test";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { derivedKey } from "../../src/image-url/settings.ts";
import { signImagePath } from "../../src/image-url/signature.ts";
import { ask, emptyStorage, keyFor, prepareDatabase, storedKeys, testEnv } from "../fixtures/app.ts";
import { fileOf, photo } from "../fixtures/images.ts";
import { rowsOf } from "../fixtures/jobs.ts";
import { file, problemOf, send } from "../submission/sending.ts";

const SECRET = { current: derivedKey(String(testEnv.TOKEN_SECRET)) };
const SIGNATURE = "A".repeat(43);
const OTHER_ID = `med_${"0".repeat(26)}`;

let key: { Authorization: string };
let mediaId: string;

beforeAll(async () => {
  await prepareDatabase();
  key = await keyFor("anna");
});
beforeEach(async () => {
  await emptyStorage();
  const sent = await send(key, [file(await fileOf(photo(60, 40), "jpeg"), "photo.jpg", "image/jpeg")]);
  mediaId = ((await sent.json()) as { media_id: string }).media_id;
});
afterEach(() => vi.restoreAllMocks());

describe("a path that leads elsewhere", () => {
  it.each([
    // A URL's parser takes dots away, encoded or not, before any route sees them.
    ["/img/w=10/ID/../..", 404],
    ["/img/w=10/%2e%2e/ID", 404],
    ["/img/w=10/../w=11/../ID", 404],
    ["/img/%2e%2e%2fmedia/ID", 400],
    ["/img/..%2f..%2fmedia/ID", 400],
    ["/img/w=10%2f..%2fmedia/ID", 400],
    ["/img/w=10,../ID", 400],
    ["/img/preset=..%2fsecret/ID", 400],
    ["/img/draw=..%2f..%2fmedia/ID", 400],
    ["/img/%252e%252e/ID", 400],
    ["/img/w=10/..%2fID", 404],
    ["/img/w=10/ID%2f..%2f..%2foriginal", 404],
    ["/img/w=10/%252e%252e%252fID", 404],
    ["/img/w=10/..%5c..%5cID", 404],
    ["/img/w=10/ID%00", 404],
    ["/img/w=10//ID", 404],
    ["/img/w=10/ID/a/b", 404],
    ["/img/s--../w=10/ID", 403],
    ["/img/s--..%2f..%2f/w=10/ID", 403],
    [`/img/s--${SIGNATURE}%2f../w=10/ID`, 403],
    [`/img/s--${SIGNATURE}/..%2fw=10/ID`, 403],
    [`/img/s--${SIGNATURE}/w=10/..%2fID`, 403],
    ["/cdn-cgi/image/w=10/..%2f..%2fID", 404],
    ["/cdn-cgi/image/..%2fw=10/ID", 400],
  ])("%s is refused with %i", async (path, status) => {
    const response = await ask(path.replaceAll("ID", mediaId));
    expect(response.headers.get("Content-Type")).toBe("application/problem+json");
    expect(response.status).toBe(status);
    await response.arrayBuffer();
    expect(await storedKeys("derived/")).toEqual([]);
  });
});

describe("a bomb of options", () => {
  it.each([
    ["10,000 of one", "w=1,".repeat(10_000)],
    ["10,000 unknown", Array.from({ length: 10_000 }, (_, n) => `o${n}=1`).join(",")],
    ["10,000 commas", `w=1${",".repeat(10_000)}`],
    ["10,000 encoded as a whole", encodeURIComponent("w=1,".repeat(2_000))],
    ["more than there are, short enough", "w=1,".repeat(60)],
    ["a width beyond all bounds", "w=999999"],
    ["a width of 1,000 digits", `w=${"9".repeat(1000)}`],
    ["a density beyond all bounds", "dpr=1e9"],
    ["a density that is no number", "dpr=Infinity"],
  ])("%s is refused, signed by the owner or not, on either mount", async (_, options) => {
    const signed = await signImagePath({ options, mediaId }, SECRET);
    for (const path of [`/img/${options}/${mediaId}`, `/cdn-cgi/image/${options}/${mediaId}`, signed])
      await problemOf(await ask(path), 400, "invalid_image_url");
    expect(await rowsOf("derivatives")).toEqual([]);
  });
});

describe("a signature", () => {
  const OPTIONS = "width=20,height=10";
  const signed = async () =>
    await signImagePath({ options: OPTIONS, mediaId, expiresAt: 4_000_000_000 }, SECRET);

  it.each<[string, (path: string) => string]>([
    ["another value", (path) => path.replace("width=20", "width=21")],
    ["another order", (path) => path.replace(OPTIONS, "height=10,width=20")],
    ["another spelling", (path) => path.replace("width=20", "w=20")],
    ["another encoding", (path) => path.replace("width=20", "width=%320")],
    ["one option more", (path) => path.replace(OPTIONS, `${OPTIONS},blur=1`)],
    ["one option less", (path) => path.replace(OPTIONS, "width=20")],
    ["another image", (path) => path.replace(mediaId, OTHER_ID)],
    ["a later time", (path) => path.replace("exp=4000000000", "exp=4000000001")],
    ["no time", (path) => path.replace(/\?.*/, "")],
    ["a time that is none", (path) => path.replace("exp=4000000000", "exp=4e9")],
    ["two times", (path) => path.replace("?", "?exp=4000000001&")],
    [
      "another first letter",
      (path) => path.replace(/s--(.)/, (_, first) => `s--${first === "A" ? "B" : "A"}`),
    ],
    ["padding", (path) => path.replace(/(s--[^/]+)/, "$1=")],
  ])("does not cover %s", async (_, forge) => {
    const forged = forge(await signed());
    expect(forged).not.toBe(await signed());
    await problemOf(await ask(forged), 403, "forbidden");
    expect(await rowsOf("derivatives")).toEqual([]);
  });

  it("covers what it was made for", async () => {
    const response = await ask(await signed());
    expect(response.status).toBe(200);
    await response.arrayBuffer();
  });
});

describe("what one client sends", () => {
  const PLAIN = { Accept: "image/webp" };

  it.each<[string, Record<string, string>, string?]>([
    ["X-Forwarded-Host", { "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "gopher" }],
    ["Forwarded", { Forwarded: "host=evil.example;proto=http" }],
    ["X-Original-URL", { "X-Original-URL": "/img/w=1/x", "X-Rewrite-URL": "/healthz" }],
    ["X-HTTP-Method-Override", { "X-HTTP-Method-Override": "DELETE" }],
    ["Accept", { Accept: "image/jpeg" }],
    ["an endless Accept", { Accept: `image/webp;q=0,${"image/x,".repeat(500)}` }],
    ["Accept-Encoding", { "Accept-Encoding": "br, gzip" }],
    ["Range", { Range: "bytes=0-3" }],
    ["If-None-Match", { "If-None-Match": "*" }],
    ["If-Modified-Since", { "If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT" }],
    ["Origin", { Origin: "https://evil.example" }],
    ["Cookie", { Cookie: "session=1", Authorization: "Bearer nobody" }],
    ["Cache-Control", { "Cache-Control": "no-store", Pragma: "no-cache" }],
    ["hints", { "Save-Data": "on", "Sec-CH-Width": "1", "User-Agent": "iPhone Mobile" }],
    ["a query", {}, "?width=1&f=png&x=%0d%0aX-Evil:1"],
    ["a version that is not", {}, "?v=999"],
    ["a file name", {}, "/%0d%0aX-Evil%3a1%22.html"],
  ])("by %s first is not what others get", async (_, headers, behind = "") => {
    const path = await signImagePath({ options: "w=30", mediaId }, SECRET);
    for (let round = 0; round < 2; round++) {
      const hostile = await ask(`${path}${behind}`, { headers: { ...PLAIN, ...headers } });
      expect([...hostile.headers.keys()]).not.toContain("x-evil");
      await hostile.arrayBuffer();
      const plain = await ask(path, { headers: PLAIN });
      expect([plain.status, plain.headers.get("Content-Type")]).toEqual([200, "image/webp"]);
      expect(plain.headers.get("Content-Disposition")).toBe('inline; filename="photo.webp"');
      expect(JSON.stringify([...plain.headers])).not.toMatch(/evil/i);
      const { byteLength } = await plain.arrayBuffer();
      expect(plain.headers.get("Content-Length")).toBe(String(byteLength));
    }
  });
});

describe("the wait for an image", () => {
  /** Keeps a producer from finding out whether its derivative is there, until it is let go. */
  async function hold(derivative: string): Promise<() => Promise<void>> {
    const producer = testEnv.DERIVATIVES.getByName(derivative);
    let letGo = (): void => undefined;
    await runInDurableObject(producer, (instance) => {
      const inside = instance as unknown as { env: { MEDIA: R2Bucket } };
      const bucket = inside.env.MEDIA;
      const gate = new Promise<void>((resolve) => {
        letGo = resolve;
      });
      const held = {
        head: async (name: string) => {
          await gate;
          return await bucket.head(name);
        },
        get: (name: string, options: R2GetOptions) => bucket.get(name, options),
        put: (name: string, bytes: Uint8Array, options: R2PutOptions) => bucket.put(name, bytes, options),
      };
      const render = async () => ({ code: "transcoder_unavailable", message: "No container." });
      const containers = { TRANSCODER: { getByName: () => ({ render }) } };
      inside.env = { ...inside.env, ...containers, MEDIA: held as never };
    });
    return async () => await runInDurableObject(producer, () => letGo());
  }

  it("ends after 10 s with when to come again, and what was begun is finished", async () => {
    const letGo = await hold(`${mediaId}/1/width=24,fit=scale-down.png`);
    const waits = vi.spyOn(scheduler, "wait").mockResolvedValue(undefined);
    const path = await signImagePath({ options: "w=24,f=png", mediaId }, SECRET);
    await tellsToComeAgain(await ask(path));
    await tellsToComeAgain(await ask(path));
    expect(waits.mock.calls.map(([ms]) => ms)).toEqual([10_000, 10_000]);
    vi.restoreAllMocks();
    await letGo();
    const made = await ask(path);
    expect([made.status, (await made.arrayBuffer()).byteLength > 0]).toEqual([200, true]);
    expect(await storedKeys("derived/")).toHaveLength(1);
  });

  it("ends the same way when it is the mezzanine that is not there yet", async () => {
    const { metadata } = (await testEnv.DB.prepare("SELECT metadata FROM media").first()) as {
      metadata: string;
    };
    const cmyk = { ...JSON.parse(metadata), colorModel: "cmyk", components: 4 };
    await testEnv.DB.prepare("UPDATE media SET metadata = ?").bind(JSON.stringify(cmyk)).run();
    const letGo = await hold(`${mediaId}/1/mezzanine`);
    vi.spyOn(scheduler, "wait").mockResolvedValue(undefined);
    const path = await signImagePath({ options: "w=25", mediaId }, SECRET);
    await tellsToComeAgain(await ask(path));
    expect(await storedKeys("derived/")).toEqual([]);
    vi.restoreAllMocks();
    await letGo();
    await problemOf(await ask(path), 503, "transcoder_unavailable");
  });
});

async function tellsToComeAgain(response: Response): Promise<void> {
  expect(Number(response.headers.get("Retry-After"))).toBeGreaterThan(0);
  expect(response.headers.get("Cache-Control")).toBe("no-store");
  await problemOf(response, 503, "derivative_pending");
}
