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

describe("g=face", () => {
  it("cuts every shape by one analysis of the content, at the edge", async () => {
    // A white disc on black, where the analysis says that there is a face.
    const picture = paint(400, 200, (x, y) =>
      Math.hypot(x - 320, y - 60) < 30 ? [255, 255, 255, 255] : [0, 0, 0, 255],
    );
    const bytes = await fileOf(picture, "png");
    const sent = await send(key, [file(bytes, "a.png", "image/png"), outputs([{ width: 20 }])]);
    const { job_id, media_id } = (await sent.json()) as { job_id: string; media_id: string };
    await whenEnded(job_id, key);
    const faces = JSON.stringify([{ x: 0.725, y: 0.15, width: 0.15, height: 0.3 }]);
    await testEnv.DB.prepare("UPDATE image_analyses SET analysis = json_set(analysis, '$.faces', json(?))")
      .bind(faces)
      .run();
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
