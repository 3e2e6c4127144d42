import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { decodeImage } from "../../src/image/decode.ts";
import { planImage } from "../../src/image/plan.ts";
import { needsMoreBytes, probeImage } from "../../src/image/probe.ts";
import { ssimOf } from "../../src/image/ssim.ts";
import { resolveOutputs } from "../../src/submission/resolve-outputs.ts";
import { ask, emptyStorage, keyFor, prepareDatabase } from "../fixtures/app.ts";
import { detailedPhoto } from "../fixtures/detailed-photo.ts";
import { fileOf, paint } from "../fixtures/images.ts";
import { whenEnded } from "../fixtures/watching.ts";
import { file, outputs, problemOf, send } from "./sending.ts";

let anna: { Authorization: string };
const picture = detailedPhoto(240, 160, 1);
let png: Uint8Array<ArrayBuffer>;

beforeAll(async () => {
  await prepareDatabase();
  anna = await keyFor("anna");
  png = await fileOf(picture, "png");
});
beforeEach(emptyStorage);

async function made(specifications: object[], input = png, fields: { name: string; body: string }[] = []) {
  const response = await send(anna, [file(input, "a.png", "image/png"), outputs(specifications), ...fields]);
  expect(response.status).toBe(201);
  return await whenEnded(((await response.json()) as { job_id: string }).job_id, anna);
}

async function read(url: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await (await ask(url, { headers: anna })).arrayBuffer());
}

function probed(bytes: Uint8Array) {
  const probe = probeImage(bytes, bytes.length);
  if (needsMoreBytes(probe)) throw new Error("short head");
  return probe;
}

describe("a job that says what its quality is to lead to", () => {
  it("meets similarity and size, says what it found, and writes flat graphics without loss", async () => {
    const job = await made([
      { name: "alike.webp", format: "webp", quality: { ssim: 0.97 } },
      { name: "alike.jpg", format: "jpeg", quality: { ssim: 0.9 } },
      { name: "small.jpg", format: "jpeg", quality: { max_bytes: 4000 } },
      { name: "auto.webp", format: "auto" },
    ]);
    expect(job).toMatchObject({ status: "completed", error: null });
    const byName = new Map(job.outputs.map((output) => [output.name, output]));
    for (const [name, ssim] of [
      ["alike.webp", 0.97],
      ["alike.jpg", 0.9],
    ] as const) {
      const bytes = await read(byName.get(name)?.url ?? "");
      const reached = ssimOf(await decodeImage(bytes, probed(bytes)), picture);
      expect(reached).toBeGreaterThanOrEqual(ssim);
      expect(reached).toBeLessThan(ssim + 0.01);
    }
    expect(byName.get("small.jpg")?.bytes).toBeLessThanOrEqual(4000);
    expect(byName.get("auto.webp")?.type).toBe("image/webp");
    expect([...job.notes].sort()).toEqual([
      expect.stringMatching(/^alike\.jpg has quality \d+ with a similarity of 0\.90\d\d\.$/),
      expect.stringMatching(/^alike\.webp has quality \d+ with a similarity of 0\.97\d\d\.$/),
      expect.stringMatching(/^small\.jpg has quality \d+, the most for 4000 bytes\.$/),
    ]);
    const flat = paint(120, 90, (x, y) => (x > 60 && y > 30 ? [200, 30, 40, 255] : [255, 255, 255, 255]));
    const drawn = await made([{ format: "auto" }], await fileOf(flat, "png"));
    const [output] = drawn.outputs;
    expect(output?.name).toBe("auto.webp");
    const bytes = await read(output?.url ?? "");
    expect((await decodeImage(bytes, probed(bytes))).data).toEqual(flat.data);
    expect(drawn.notes).toEqual(["auto.webp is flat graphics: written without loss."]);
  });

  it("fails by name when no quality is small enough, or loses just that output where some may fail", async () => {
    const impossible = { name: "tiny.png", format: "png", quality: { max_bytes: 64 } };
    const failed = await made([impossible]);
    expect(failed).toMatchObject({ status: "failed", error: { code: "max_bytes_unreachable" } });
    expect(failed.error?.message).toMatch(/tiny\.png would have \d+ bytes as png/);
    const allowed = { name: "allow_partial", body: "true" };
    const partial = await made([impossible, { name: "b.webp", width: 20 }], png, [allowed]);
    expect(partial.outputs.map(({ name }) => name)).toEqual(["b.webp"]);
  });

  it("is refused where there is nothing to look for, with the field's path", async () => {
    const cases = [
      [{ format: "webp", quality: { ssim: 1.2 } }],
      [{ format: "webp", quality: { ssim: 0.98, max_bytes: 100 } }],
      [{ format: "webp", quality: { max_bytes: 0 } }],
      [{ format: "webp", quality: {} }],
    ];
    for (const specifications of cases) {
      await problemOf(await send(anna, [file(png), outputs(specifications)]), 422, "invalid_request");
    }
    const resolve = () => resolveOutputs([{ format: "mp4", quality: { ssim: 0.98 } }], "video");
    expect(resolve).toThrow(/see errors/);
    expect(() => resolveOutputs([{ format: "webp", quality: { ssim: 0.98 } }], "video")).not.toThrow();
  });

  it("goes to a container where the edge could not look, or not for long", () => {
    const probe = { ...probed(png), width: 3000, height: 2000 };
    const lane = (specification: object) => {
      const { outputs: planned } = resolveOutputs([specification], "image");
      return planImage(probe, planned as never).lane;
    };
    expect(lane({ format: "jpeg", width: 400, quality: { ssim: 0.98 } })).toBe("edge");
    expect(lane({ format: "avif", width: 400, quality: { ssim: 0.98 } })).toBe("container-short");
    expect(lane({ format: "jpeg", quality: { ssim: 0.98 } })).toBe("container-short");
    expect(lane({ format: "auto" })).toBe("container-short");
  });
});
