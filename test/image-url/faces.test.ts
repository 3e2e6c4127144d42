import { runInDurableObject } from "cloudflare:test";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { decodeImage } from "../../src/image/decode.ts";
import { needsMoreBytes, probeImage } from "../../src/image/probe.ts";
import { ask, emptyStorage, keyFor, prepareDatabase, testEnv } from "../fixtures/app.ts";
import { fileOf, paint } from "../fixtures/images.ts";
import { rowsOf } from "../fixtures/jobs.ts";
import { whenEnded } from "../fixtures/watching.ts";
import { file, outputs, send } from "../submission/sending.ts";

let key: { Authorization: string };

beforeAll(async () => {
  await prepareDatabase();
  key = await keyFor("anna");
});
beforeEach(emptyStorage);

/** A white disc on black, where {@link tellFaces} says that there is a face. */
async function discSent(): Promise<string> {
  const picture = paint(400, 200, (x, y) =>
    Math.hypot(x - 320, y - 60) < 30 ? [255, 255, 255, 255] : [0, 0, 0, 255],
  );
  const bytes = await fileOf(picture, "png");
  const sent = await send(key, [file(bytes, "a.png", "image/png"), outputs([{ width: 20 }])]);
  const { job_id, media_id } = (await sent.json()) as { job_id: string; media_id: string };
  await whenEnded(job_id, key);
  return media_id;
}

async function tellFaces(): Promise<void> {
  const faces = JSON.stringify([{ x: 0.725, y: 0.15, width: 0.15, height: 0.3 }]);
  await testEnv.DB.prepare("UPDATE image_analyses SET analysis = json_set(analysis, '$.faces', json(?))")
    .bind(faces)
    .run();
}

/** No container answers the producer of one derivative. */
async function withoutContainer(derivative: string): Promise<void> {
  await runInDurableObject(testEnv.DERIVATIVES.getByName(derivative), (instance) => {
    const inside = instance as unknown as { env: typeof testEnv };
    const render = async () => ({ code: "transcoder_unavailable", message: "No container." });
    inside.env = { ...inside.env, TRANSCODER: { getByName: () => ({ render }) } as never };
  });
}

describe("g=face while no container answers", () => {
  it("is what draws the eye for a minute, and then made again", async () => {
    const mediaId = await discSent();
    const derivative = `${mediaId}/1/width=60,height=60,fit=cover,gravity=face.png`;
    await withoutContainer(derivative);
    const show = async () => {
      const answer = await ask(`/img/w=60,h=60,fit=cover,g=face,f=png/${mediaId}`);
      expect(answer.status).toBe(200);
      await answer.arrayBuffer();
      const timing = answer.headers.get("Server-Timing") ?? "";
      return { caching: answer.headers.get("Cache-Control"), etag: answer.headers.get("ETag"), timing };
    };
    const makeshift = await show();
    expect(makeshift.caching).toBe("public, max-age=30");
    const again = await show();
    expect([again.caching, again.etag]).toEqual([makeshift.caching, makeshift.etag]);
    expect(again.timing).toContain("stored");

    await tellFaces();
    const stored = await testEnv.MEDIA.get(`derived/${derivative}`);
    const bytes = (await stored?.arrayBuffer()) ?? new ArrayBuffer(0);
    expect(Object.keys(stored?.customMetadata ?? {})).toEqual(["makeshift-until"]);
    await testEnv.MEDIA.put(`derived/${derivative}`, bytes, { customMetadata: { "makeshift-until": "1" } });
    const final = await show();
    expect(final.caching).toBe("public, max-age=86400");
    expect((await testEnv.MEDIA.head(`derived/${derivative}`))?.customMetadata).toEqual({});
    expect(await rowsOf("derivatives")).toHaveLength(1);
  });
});

describe("g=face", () => {
  it("cuts every shape by one analysis of the content, at the edge", async () => {
    const media_id = await discSent();
    await tellFaces();
    for (const [width, height] of [
      [60, 60],
      [40, 80],
      [120, 40],
    ]) {
      const answer = await ask(`/img/w=${width},h=${height},fit=cover,g=face,f=png/${media_id}`);
      expect(answer.status).toBe(200);
      const png = new Uint8Array(await answer.arrayBuffer());
      const probe = probeImage(png, png.length);
      if (needsMoreBytes(probe)) throw new Error("short head");
      const { data } = await decodeImage(png, probe);
      const light = data.reduce((sum, value, at) => sum + (at % 4 === 0 && value > 128 ? 1 : 0), 0);
      // All of the disc is in the crop, at the scale of the crop.
      const scale = Math.max((width ?? 0) / 400, (height ?? 0) / 200);
      expect(light / (Math.PI * (30 * scale) ** 2)).toBeGreaterThan(0.85);
    }
    expect(await rowsOf("image_analyses")).toHaveLength(1);
  });
});
