import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { derivedKey } from "../../src/image-url/settings.ts";
import { signImagePath } from "../../src/image-url/signature.ts";
import { ask, emptyStorage, keyFor, prepareDatabase, testEnv } from "../fixtures/app.ts";
import { bmpOf } from "../fixtures/bmp.ts";
import { fileOf, photo } from "../fixtures/images.ts";
import { rowsOf } from "../fixtures/jobs.ts";
import { expectNothingBehind, file, outputs, problemOf, send, sendJson } from "./sending.ts";

const SALVAGED = { format: "webp", width: 40, on_truncated: "salvage" };
const WHOLE = { format: "png", width: 40 };
const CUT_SHORT = "The JPEG is cut short: its end marker (EOI) is missing.";

let key: { Authorization: string };
let half: Uint8Array;

beforeAll(async () => {
  await prepareDatabase();
  key = await keyFor("anna");
  const whole = await fileOf(photo(160, 120), "jpeg");
  half = whole.subarray(0, whole.length / 2);
});
beforeEach(emptyStorage);

async function accepted(specifications: unknown): Promise<{ job_id: string; media_id: string }> {
  const response = await send(key, [outputs(specifications), file(half)]);
  expect(response.status).toBe(201);
  return await response.json();
}

describe("a JPEG that is cut short", () => {
  it("is refused unless it may be salvaged, naming what is missing", async () => {
    for (const parts of [
      [file(half)],
      [outputs([WHOLE]), file(half)],
      [outputs([{ ...SALVAGED, on_truncated: "fail" }]), file(half)],
      [outputs([SALVAGED, WHOLE]), file(half)],
    ]) {
      const { detail } = await problemOf(await send(key, parts), 422, "corrupt_image");
      expect(detail).toBe(CUT_SHORT);
    }
    await expectNothingBehind();
  });

  it("is left to a container when every output makes do with a part of it", async () => {
    await accepted([SALVAGED, { ...SALVAGED, format: "png" }]);
    const [task] = await rowsOf("tasks");
    expect(task).toMatchObject({ kind: "image", lane: "container-short" });
  });

  it("stays cut short for whoever asks for it again", async () => {
    const { media_id } = await accepted([SALVAGED]);
    const whole = await sendJson(key, { media_id, output_specifications: [WHOLE] });
    expect((await problemOf(whole, 422, "corrupt_image")).detail).toBe(CUT_SHORT);
    const again = { media_id, output_specifications: [{ ...SALVAGED, width: 41 }] };
    expect((await sendJson(key, again)).status).toBe(201);

    const secret = { current: derivedKey(String(testEnv.TOKEN_SECRET)) };
    const url = await signImagePath({ options: "w=20", mediaId: media_id }, secret);
    expect((await problemOf(await ask(url), 422, "corrupt_image")).detail).toBe(CUT_SHORT);
  });
});

describe("on_truncated", () => {
  it("changes nothing about a file that is whole", async () => {
    const whole = await fileOf(photo(60, 40), "jpeg");
    expect((await send(key, [outputs([SALVAGED]), file(whole)])).status).toBe(201);
    const [task] = await rowsOf("tasks");
    expect(task).toMatchObject({ lane: "edge" });
  });

  it("brings nothing back of a WebP, nor of what has no picture in it", async () => {
    const webp = await fileOf(photo(160, 120), "webp");
    const cut = file(webp.subarray(0, webp.length / 2), "a.webp", "image/webp");
    const { detail } = await problemOf(await send(key, [outputs([SALVAGED]), cut]), 422, "corrupt_image");
    expect(detail).toMatch(/^The WebP is cut short: .* No part of this kind of WEBP can be salvaged\.$/);
    const header = file(half.subarray(0, 20));
    await problemOf(await send(key, [outputs([SALVAGED]), header]), 422, "corrupt_image");
    const bmp = bmpOf(photo(16, 12));
    for (const specification of [SALVAGED, WHOLE]) {
      const half = file(bmp.subarray(0, bmp.length / 2), "a.bmp", "image/bmp");
      const answer = await problemOf(await send(key, [outputs([specification]), half]), 422, "corrupt_image");
      expect(answer.detail).toMatch(/^The BMP is cut short: it has 315 of 630 bytes\./);
    }
    await expectNothingBehind();
  });

  it("is refused when it says anything else, or of what is no picture", async () => {
    for (const specification of [
      { ...SALVAGED, on_truncated: true },
      { ...SALVAGED, on_truncated: "ignore" },
      { format: "json", on_truncated: "salvage" },
    ])
      await problemOf(await send(key, [outputs([specification]), file(half)]), 422, "invalid_request");
  });
});
