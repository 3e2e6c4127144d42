import { beforeAll, beforeEach, expect, it } from "vitest";
import { emptyStorage, keyFor, prepareDatabase } from "../fixtures/app.ts";
import { rowsOf } from "../fixtures/jobs.ts";
import { file, send } from "./sending.ts";

let key: { Authorization: string };

beforeAll(async () => {
  await prepareDatabase();
  key = await keyFor("anna");
});
beforeEach(emptyStorage);

/** RGB in one strip, with its directory behind that, where most programs put it (TIFF 6.0 §2). */
function tiffOf(width: number, height: number): Uint8Array<ArrayBuffer> {
  const pixels = width * height * 3;
  const entries = [
    [256, width],
    [257, height],
    [258, 8],
    [259, 1],
    [262, 2],
    [273, 8],
    [277, 3],
    [278, height],
    [279, pixels],
  ] as const;
  const view = new DataView(new ArrayBuffer(8 + pixels + 2 + entries.length * 12 + 4));
  view.setUint32(0, 0x49492a00);
  view.setUint32(4, 8 + pixels, true);
  view.setUint16(8 + pixels, entries.length, true);
  entries.forEach(([tag, value], index) => {
    const at = 8 + pixels + 2 + index * 12;
    view.setUint16(at, tag, true);
    view.setUint16(at + 2, 4, true);
    view.setUint32(at + 4, 1, true);
    view.setUint32(at + 8, value, true);
  });
  return new Uint8Array(view.buffer);
}

it("a TIFF whose directory lies far behind its first bytes is taken, and known by it", async () => {
  const response = await send(key, [file(tiffOf(300, 200), "scan.tif", "image/tiff")]);
  expect(response.status).toBe(201);
  const [media] = await rowsOf<{ type: string; metadata: string }>("media");
  expect(media?.type).toBe("image/tiff");
  expect(JSON.parse(media?.metadata ?? "{}")).toMatchObject({ format: "tiff", width: 300, height: 200 });
  expect(await rowsOf("tasks")).toMatchObject([{ lane: "container-short" }]);
});

it("a TIFF that is only a beginning is refused", async () => {
  const response = await send(key, [file(tiffOf(300, 200).slice(0, 9000), "scan.tif", "image/tiff")]);
  expect(response.status).toBe(422);
  expect(await rowsOf("media")).toEqual([]);
});
