import { transformUrl } from "unpic";
import { beforeAll, describe, expect, it } from "vitest";
import { signImageUrl } from "../../src/client/sign-image-url.ts";
import { probeImage } from "../../src/image/probe.ts";
import { derivedKey } from "../../src/image-url/settings.ts";
import { ask, emptyStorage, keyFor, prepareDatabase, testEnv } from "../fixtures/app.ts";
import { fileOf, photo } from "../fixtures/images.ts";
import { file, send } from "../submission/sending.ts";

const ORIGIN = "https://darkroom.test";
const CHROME = "image/avif;q=0,image/webp,image/apng,*/*;q=0.8";

let mediaId: string;

beforeAll(async () => {
  await prepareDatabase();
  await emptyStorage();
  const key = await keyFor("anna");
  const sent = await send(key, [file(await fileOf(photo(800, 400), "jpeg"), "photo.jpg", "image/jpeg")]);
  mediaId = ((await sent.json()) as { media_id: string }).media_id;
});

async function shapeOf(url: string) {
  const response = await ask(url, { headers: { Accept: CHROME } });
  expect(response.status, url).toBe(200);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const { format, width, height } = probeImage(bytes, bytes.length) as unknown as Record<string, unknown>;
  return [format, width, height];
}

/** `@nuxt/image`'s cloudflare provider: its key and value maps, joined as its operations generator joins them. */
function nuxtUrl(src: string, modifiers: Record<string, string | number>): string {
  const keys: Record<string, string> = { width: "w", height: "h", gravity: "g", quality: "q", format: "f" };
  const fits: Record<string, string> = { fill: "scale-down", outside: "crop", inside: "pad" };
  const operations = Object.entries(modifiers).map(([key, value]) => {
    const written = key === "fit" ? (fits[value] ?? value) : value;
    return `${keys[key] ?? key}=${encodeURIComponent(written)}`;
  });
  return `/cdn-cgi/image/${operations.join(",")}/${src}`;
}

/** Angular's `provideCloudflareLoader`. */
function angularUrl(path: string, config: { src: string; width?: number; isPlaceholder?: boolean }): string {
  let params = "format=auto";
  if (config.width) params += `,width=${config.width}`;
  if (config.isPlaceholder) params += ",quality=20";
  return `${path}/cdn-cgi/image/${params}/${config.src}`;
}

/** The image service of `@astrojs/cloudflare`. */
function astroUrl(src: string, options: Record<string, string | number>): string {
  const params = ["onerror=redirect", ...Object.entries(options).map(([name, value]) => `${name}=${value}`)];
  return `/cdn-cgi/image/${params.join(",")}/${src}`;
}

/** The loader that Cloudflare documents for Next.js. */
function nextUrl({ src, width, quality }: { src: string; width: number; quality?: number }): string {
  const params = [`width=${width}`];
  if (quality) params.push(`quality=${quality}`);
  return `/cdn-cgi/image/${params.join(",")}/${src.startsWith("/") ? src.slice(1) : src}`;
}

describe("URLs that real clients write are answered with the right image", () => {
  it("unpic", async () => {
    const url = transformUrl(
      { url: `${ORIGIN}/${mediaId}`, provider: "cloudflare", width: 200, height: 100 },
      {},
      { cloudflare: { domain: "darkroom.test" } },
    );
    expect(url).toContain("/cdn-cgi/image/");
    expect(await shapeOf(String(url))).toEqual(["webp", 200, 100]);
    const again = transformUrl({
      url: String(url),
      provider: "cloudflare",
      width: 90,
      quality: 50,
      format: "png",
    });
    expect(await shapeOf(String(again))).toEqual(["png", 90, expect.any(Number)]);
  });

  it("Nuxt Image", async () => {
    expect(await shapeOf(nuxtUrl(mediaId, { width: 120, format: "auto", quality: 70 }))).toEqual([
      "webp",
      120,
      60,
    ]);
    expect(await shapeOf(nuxtUrl(`/${mediaId}`, { width: 60, height: 60, fit: "inside" }))).toEqual([
      "webp",
      60,
      60,
    ]);
    expect(
      await shapeOf(nuxtUrl(mediaId, { width: 60, height: 60, fit: "outside", gravity: "auto" })),
    ).toEqual(["webp", 60, 60]);
    expect(await shapeOf(nuxtUrl(mediaId, { width: 100, fit: "fill", sharpen: 1, dpr: 2 }))).toEqual([
      "webp",
      200,
      100,
    ]);
  });

  it("Angular", async () => {
    expect(await shapeOf(angularUrl(ORIGIN, { src: mediaId, width: 300 }))).toEqual(["webp", 300, 150]);
    expect(await shapeOf(angularUrl(ORIGIN, { src: mediaId, width: 30, isPlaceholder: true }))).toEqual([
      "webp",
      30,
      15,
    ]);
    expect(await shapeOf(angularUrl(ORIGIN, { src: `${ORIGIN}/${mediaId}` }))).toEqual(["webp", 800, 400]);
  });

  it("Astro", async () => {
    expect(
      await shapeOf(astroUrl(`/${mediaId}`, { width: 80, height: 40, fit: "cover", format: "webp" })),
    ).toEqual(["webp", 80, 40]);
    expect(await shapeOf(astroUrl(mediaId, { width: 81, quality: 80, format: "png" }))).toEqual([
      "png",
      81,
      41,
    ]);
  });

  it("Next.js", async () => {
    expect(await shapeOf(nextUrl({ src: `/${mediaId}`, width: 640, quality: 75 }))).toEqual([
      "webp",
      640,
      320,
    ]);
    expect(await shapeOf(nextUrl({ src: `${ORIGIN}/${mediaId}/photo.jpg`, width: 64 }))).toEqual([
      "webp",
      64,
      32,
    ]);
  });

  it("our own, signed", async () => {
    const key = derivedKey(String(testEnv.TOKEN_SECRET));
    const options = { width: 70, fit: "cover", height: 70, background: "rgb(1,2,3)" };
    const url = await signImageUrl({ origin: ORIGIN, mediaId, options, expiresAt: 4_000_000_000 }, key);
    expect(url).toMatch(/^https:\/\/darkroom\.test\/img\/s--[\w-]{43}\/.*\?exp=4000000000$/);
    expect(await shapeOf(url)).toEqual(["webp", 70, 70]);
    expect((await ask(url.replace("width=70", "width=71"))).status).toBe(403);
    expect((await ask(await signImageUrl({ mediaId, options: "w=70" }, "some other key"))).status).toBe(403);
  });
});
