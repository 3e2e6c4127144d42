import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { renderImage as renderNatively } from "../../containers/transcoder/render-image.ts";
import type { ImageOutput } from "../../src/image/output.ts";
import { renderImage } from "../../src/image/pipeline.ts";
import type { Watermark } from "../../src/image/watermark.ts";
import { disc, fileOf, paint, photo, quarters, withExif } from "../fixtures/images.ts";
import { LOGO, logos, marked, probed } from "../image/marking.ts";
import { image, useStudio } from "./studio.ts";
import { endOf, runTask } from "./transcoder-process.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "darkroom-watermark-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The same output from both lanes, as RGBA. */
async function bothLanes(file: Uint8Array, logo: Uint8Array, output: ImageOutput): Promise<[Buffer, Buffer]> {
  const [input, logoFile, result] = ["input", "logo", "result"].map((name) => join(folder, name));
  await writeFile(input ?? "", file);
  await writeFile(logoFile ?? "", logo);
  const [edge] = await renderImage(file, probed(file), [output], { logos: logos(logo) });
  await renderNatively(input ?? "", output, result ?? "", { [LOGO]: logoFile ?? "" });
  const rgba = (bytes: Uint8Array) => sharp(bytes).ensureAlpha().raw().toBuffer();
  return await Promise.all([rgba(edge?.bytes ?? file), rgba(readFileSync(result ?? ""))]);
}

/** Mean and largest difference, 0–255; colour counts by its alpha, as it is seen. */
function difference([a, b]: [Buffer, Buffer]): { mean: number; max: number } {
  expect(a.length).toBe(b.length);
  let sum = 0;
  let max = 0;
  for (let at = 0; at < a.length; at++) {
    const alpha = at - (at % 4) + 3;
    const seen = (one: Buffer) =>
      at === alpha ? (one[at] ?? 0) : ((one[at] ?? 0) * (one[alpha] ?? 0)) / 255;
    const delta = Math.abs(seen(a) - seen(b));
    sum += delta;
    max = Math.max(max, delta);
  }
  return { mean: sum / a.length, max };
}

describe("a watermark is the same picture in both lanes", () => {
  const wanted: [string, Partial<Watermark>, Partial<ImageOutput>][] = [
    ["in a corner", {}, {}],
    ["half clear, in the middle", { opacity: 0.5, position: { x: 0.5, y: 0.5 }, width: 0.5 }, {}],
    ["tiled", { tile: true, opacity: 0.3, padding: 7, width: 0.13 }, {}],
    ["as large as it can be", { width: 1, padding: 0 }, { width: 90, height: 60, resizeMode: "crop" }],
    ["on padding", { position: { x: 0, y: 1 } }, { width: 120, height: 200, resizeMode: "pad" }],
    ["in a JPEG", {}, { format: "jpeg", quality: 95 }],
  ];
  it.each(wanted)("%s", async (_, watermark, overrides) => {
    const output = marked(watermark, { width: 160, ...overrides });
    const shrunk = await fileOf(disc(90), "png");
    const turned = withExif(await fileOf(quarters(60, 30), "jpeg"), 6);
    for (const picture of [photo(160, 120), disc(120)]) {
      for (const logo of [shrunk, turned]) {
        const { mean, max } = difference(await bothLanes(await fileOf(picture, "png"), logo, output));
        // Two JPEG encoders differ by more than the lanes do before them.
        expect(mean).toBeLessThan(output.format === "jpeg" ? 3 : 0.5);
        // Hard edges that are enlarged are drawn by different filters.
        if (logo === shrunk && output.format === "png") expect(max).toBeLessThan(32);
      }
    }
  });
});

describe("the transcoder", () => {
  const studio = useStudio();

  it("fetches logos by URL, draws vectors sharply, and says when one is no picture", async () => {
    const svg =
      '<svg xmlns="http://www.w3.org/2000/svg" width="2" height="2"><rect width="1" height="2"/></svg>';
    const store = (name: string, bytes: Buffer) => {
      studio.store.objects.set(name, { bytes, type: "application/octet-stream" });
      return { mediaId: LOGO, url: studio.store.url(name), bytes: bytes.length };
    };
    const input = Buffer.from(
      await fileOf(
        paint(100, 100, () => [255, 255, 255, 255]),
        "png",
      ),
    );
    const task = studio.task(input);
    const watermark = { ...marked({ width: 0.5, padding: 0 }).watermark, mediaId: LOGO } as Watermark;
    const outputs = [{ ...image, format: "png" as const, name: "a.png", width: 100, height: 100, watermark }];
    const logo = store("logo.svg", Buffer.from(svg));
    await runTask(studio.transcoder, { kind: "image", ...task, outputs, logos: [logo] }, "files");
    const { data } = await sharp(studio.output(task, "a.png"))
      .greyscale()
      .raw()
      .toBuffer({ resolveWithObject: true });
    // The left half of the logo is black up to a sharp edge at 75 px.
    expect([data[10 * 100 + 40], data[10 * 100 + 73], data[10 * 100 + 77]]).toEqual([255, 0, 255]);

    const broken = store("broken", Buffer.from("no picture"));
    const failed = await endOf(studio.transcoder, {
      kind: "image",
      ...studio.task(input),
      outputs,
      logos: [broken],
    });
    expect(failed).toMatchObject({ type: "error", code: "unusable_logo" });
  });
});
