import { beforeAll, describe, expect, it } from "vitest";
import { app } from "../../src/app.ts";
import { decodeImage } from "../../src/image/decode.ts";
import { needsMoreBytes, probeImage } from "../../src/image/probe.ts";
import { parseIiifRequest } from "../../src/image-url/iiif/request.ts";
import { ask, emptyStorage, keyFor, prepareDatabase, testEnv } from "../fixtures/app.ts";
import { fileOf, quarters } from "../fixtures/images.ts";
import { file, problemOf, send } from "../submission/sending.ts";

const SIZE = { width: 600, height: 400 };

describe("a IIIF request", () => {
  const of = (path: string) => parseIiifRequest(path.split("/"), SIZE);

  it.each([
    ["full/max/0/default.jpg", { width: 600, height: 400, fit: "squeeze", format: "jpeg" }],
    ["full/300,/0/default.jpg", { width: 300, height: 200 }],
    ["full/,100/0/default.png", { width: 150, height: 100, format: "png" }],
    ["full/pct:50/0/default.jpg", { width: 300, height: 200 }],
    ["full/300,300/0/default.jpg", { width: 300, height: 300 }],
    ["full/!300,300/0/default.jpg", { width: 300, height: 200 }],
    ["full/^900,/0/default.jpg", { width: 900, height: 600 }],
    ["full/^max/0/default.jpg", { width: 4096, height: 2731 }],
    ["full/300,/90/default.jpg", { width: 200, height: 300, rotate: 90 }],
    ["full/300,/!180/gray.webp", { width: 300, flip: "h", rotate: 180, saturation: 0, format: "webp" }],
    ["square/max/0/color.jpg", { width: 400, height: 400, "trim.left": 100, "trim.width": 400 }],
    ["10,20,100,50/max/0/default.jpg", { width: 100, height: 50, "trim.left": 10, "trim.top": 20 }],
    ["500,300,999,999/max/0/default.jpg", { width: 100, height: 100, "trim.width": 100 }],
    ["pct:50,50,25,25/max/0/default.jpg", { "trim.left": 300, "trim.top": 200, width: 150, height: 100 }],
    ["0,0,600,400/max/0/default.jpg", { width: 600, height: 400 }],
  ])("%s", (path, options) => {
    expect(of(path)).toMatchObject(options);
  });

  it.each([
    "full/601,/0/default.jpg",
    "full/0,/0/default.jpg",
    "full/,/0/default.jpg",
    "full/pct:0/0/default.jpg",
    "full/pct:101/0/default.jpg",
    "full/^5000,/0/default.jpg",
    "full/max/45/default.jpg",
    "full/max/-90/default.jpg",
    "full/max/0/bitonal.jpg",
    "full/max/0/default.tif",
    "full/max/0/default",
    "600,0,10,10/max/0/default.jpg",
    "0,0,0,10/max/0/default.jpg",
    "1.5,0,10,10/max/0/default.jpg",
    "pct:100,0,10,10/max/0/default.jpg",
    "everything/max/0/default.jpg",
    "full/max/0/default.jpg/x",
    "full/999999999999,/0/default.jpg",
  ])("%s is refused", (path) => {
    expect(() => of(path)).toThrow(expect.objectContaining({ code: "invalid_image_url" }));
  });
});

describe("the IIIF routes", () => {
  let mediaId: string;
  beforeAll(async () => {
    await prepareDatabase();
    await emptyStorage();
    const sent = await send(await keyFor("anna"), [
      file(await fileOf(quarters(600, 400), "png"), "quarters.png"),
    ]);
    mediaId = ((await sent.json()) as { media_id: string }).media_id;
  });

  it("describe the image as the specification wants it", async () => {
    const moved = await ask(`/iiif/3/${mediaId}`);
    expect([moved.status, moved.headers.get("Location")]).toEqual([
      303,
      expect.stringMatching(new RegExp(`/iiif/3/${mediaId}/info\\.json$`)),
    ]);
    const response = await ask(`/iiif/3/${mediaId}/info.json`, {
      headers: { Accept: "application/ld+json" },
    });
    expect(response.headers.get("Content-Type")).toContain(
      'profile="http://iiif.io/api/image/3/context.json"',
    );
    expect(response.headers.get("Access-Control-Allow-Origin")).toBe("*");
    expect(response.headers.get("Link")).toContain("level2.json");
    const info = (await response.json()) as Record<string, unknown>;
    // Image API 3.0 §5.2 and §5.3: required members and their fixed values.
    expect(info).toMatchObject({
      "@context": "http://iiif.io/api/image/3/context.json",
      id: expect.stringMatching(new RegExp(`^https?://.*/iiif/3/${mediaId}$`)),
      type: "ImageService3",
      protocol: "http://iiif.io/api/image",
      profile: "level2",
      ...SIZE,
      maxWidth: 4096,
    });
    for (const { width, height } of info.sizes as { width: number; height: number }[])
      expect(Math.abs(width / height - 1.5)).toBeLessThan(0.02);
    const [tiles] = info.tiles as { scaleFactors: number[] }[];
    expect(tiles?.scaleFactors[0]).toBe(1);
    const plain = await ask(`/iiif/3/${mediaId}/info.json`);
    expect(plain.headers.get("Content-Type")).toContain("application/json");
    await plain.text();
  });

  it("give every tile of the picture, in its place", async () => {
    const colors: number[][] = [];
    for (const region of ["0,0,300,200", "300,0,300,200", "0,200,300,200", "300,200,300,200"]) {
      const response = await ask(`/iiif/3/${mediaId}/${region}/30,/0/default.png`);
      expect(response.status).toBe(200);
      expect(response.headers.get("Content-Type")).toBe("image/png");
      const bytes = new Uint8Array(await response.arrayBuffer());
      const probe = probeImage(bytes, bytes.length);
      if (needsMoreBytes(probe)) throw new Error("short head");
      expect([probe.width, probe.height]).toEqual([30, 20]);
      const { data } = await decodeImage(bytes, probe);
      colors.push([...data.subarray((10 * 30 + 15) * 4, (10 * 30 + 15) * 4 + 3)]);
    }
    expect(colors).toEqual([
      [220, 0, 0],
      [0, 200, 0],
      [0, 0, 220],
      [255, 255, 255],
    ]);
  });

  it("refuse what is wrong, and everything where images are not open", async () => {
    await problemOf(await ask(`/iiif/3/${mediaId}/full/9999,/0/default.jpg`), 400, "invalid_image_url");
    await problemOf(await ask("/iiif/3/med_01j00000000000000000000000/info.json"), 404, "not_found");
    const closed = { ...testEnv, IMAGE_URL_POLICY: "signed" };
    const context = { waitUntil: () => undefined, passThroughOnException: () => undefined };
    const url = `https://darkroom.test/iiif/3/${mediaId}/full/max/0/default.jpg`;
    await problemOf(await app.request(url, {}, closed, context as never), 403, "forbidden");
  });
});
