import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { renderImage as renderInContainer } from "../../containers/transcoder/render-image.ts";
import type { ImageOutput } from "../../src/image/output.ts";
import { renderImage } from "../../src/image/pipeline.ts";
import { planImage } from "../../src/image/plan.ts";
import { type ImageProbe, needsMoreBytes, probeImage } from "../../src/image/probe.ts";
import { fileOf, photo } from "../fixtures/images.ts";

const OUTPUT: ImageOutput = {
  name: "out",
  format: "png",
  resizeMode: "fit",
  allowEnlarge: false,
  position: { x: 0.5, y: 0.5 },
  background: [255, 255, 255, 255],
  quality: 75,
};

const picture = photo(160, 120);
let folder: string;
let source: Uint8Array<ArrayBuffer>;

sharp.cache(false);
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "fields-"));
  source = await fileOf(picture, "png");
});
afterAll(() => rmSync(folder, { recursive: true }));

function probed(input: Uint8Array): ImageProbe {
  const probe = probeImage(input, input.length);
  if (needsMoreBytes(probe)) throw new Error("short head");
  return probe;
}

async function atTheEdge(output: Partial<ImageOutput>): Promise<Buffer> {
  const [image] = await renderImage(source, probed(source), [{ ...OUTPUT, ...output }]);
  return Buffer.from(image?.bytes ?? []);
}

async function inTheContainer(output: Partial<ImageOutput>, input: Uint8Array = source): Promise<Buffer> {
  const [file, made] = [join(folder, "picture"), join(folder, "out")];
  writeFileSync(file, input);
  await renderInContainer(file, { ...OUTPUT, ...output }, made);
  return readFileSync(made);
}

async function pixelsOf(file: Buffer): Promise<Buffer> {
  return await sharp(file).ensureAlpha().raw().toBuffer();
}

describe.each([
  { lane: "edge", render: atTheEdge },
  { lane: "container", render: inTheContainer },
])("at the $lane", ({ render }) => {
  it.each(["webp", "avif", "png"] as const)("lossless %s has every pixel as it is", async (format) => {
    const made = await render({ format, lossless: true, quality: 10 });
    expect(await pixelsOf(made)).toEqual(Buffer.from(picture.data));
  });

  it("samples the colour of JPEG and AVIF as asked, and of JPEG by quality when not", async () => {
    const sampling = async (output: Partial<ImageOutput>) =>
      (await sharp(await render(output)).metadata()).chromaSubsampling;
    expect(await sampling({ format: "jpeg", chromaSubsampling: "4:4:4" })).toBe("4:4:4");
    expect(await sampling({ format: "jpeg", chromaSubsampling: "4:2:0", quality: 95 })).toBe("4:2:0");
    expect(await sampling({ format: "jpeg", quality: 95 })).toBe("4:4:4");
    expect(await sampling({ format: "jpeg" })).toBe("4:2:0");
    const half = await render({ format: "avif", chromaSubsampling: "4:2:0" });
    const full = await render({ format: "avif", chromaSubsampling: "4:4:4" });
    // av1C: the bits for 4:2:0 are set in the byte behind profile and level (AV1-ISOBMFF §2.3.3).
    const bits = (file: Buffer) => ((file[file.indexOf("av1C") + 6] ?? 0) >> 2) & 3;
    expect([bits(half), bits(full)]).toEqual([3, 0]);
  });

  it("writes JPEG coarse first unless told otherwise", async () => {
    const isProgressive = async (progressive?: boolean) =>
      (await sharp(await render({ format: "jpeg", progressive })).metadata()).isProgressive;
    expect([await isProgressive(), await isProgressive(false)]).toEqual([true, false]);
  });

  it.each(["webp", "avif", "jpeg"] as const)("spends time on a smaller %s", async (format) => {
    const bytes = async (effort: ImageOutput["effort"]) => (await render({ format, effort })).length;
    const [fast, balanced, best] = [await bytes("fast"), await bytes("balanced"), await bytes("best")];
    expect(best, `${fast}, ${balanced}, ${best}`).toBeLessThan(fast * 1.01);
    expect(new Set([fast, balanced, best]).size).toBeGreaterThan(1);
  });
});

it("leaves dear AVIF to the container sooner", () => {
  const probe = { ...probed(source), width: 500, height: 400 };
  const lane = (output: Partial<ImageOutput>) =>
    planImage(probe, [{ ...OUTPUT, format: "avif", ...output }]).lane;
  expect(lane({})).toBe("edge");
  for (const dear of [{ lossless: true }, { effort: "best" }, { chromaSubsampling: "4:4:4" }] as const)
    expect(lane(dear)).toBe("container-short");
});

describe("palettes", () => {
  it("of a PNG have no more colours than asked, and come near the picture", async () => {
    for (const maxColors of [2, 16, 256]) {
      const made = await inTheContainer({ maxColors });
      const { isPalette } = await sharp(made).metadata();
      const pixels = await pixelsOf(made);
      const colors = new Set(
        Array.from({ length: pixels.length / 4 }, (_, at) => pixels.readUInt32BE(at * 4)),
      );
      expect([isPalette, colors.size <= maxColors]).toEqual([true, true]);
      const off = pixels.reduce((sum, value, at) => sum + Math.abs(value - (picture.data[at] ?? 0)), 0);
      expect(off / pixels.length).toBeLessThan(maxColors === 256 ? 5 : 60);
    }
  });

  it("are what sends an output to the container", () => {
    const probe = probed(source);
    expect(planImage(probe, [{ ...OUTPUT, maxColors: 8 }]).lane).toBe("container-short");
    expect(planImage(probe, [{ ...OUTPUT, format: "gif" }]).lane).toBe("container-short");
    expect(planImage(probe, [{ ...OUTPUT, lossless: true, format: "webp" }]).lane).toBe("edge");
  });
});

describe("what moves", () => {
  const colors = [
    [220, 30, 30],
    [30, 200, 30],
    [30, 30, 220],
  ];

  async function moving(format: "gif" | "webp"): Promise<Uint8Array> {
    const frames = colors.map((color) => Buffer.from(Array.from({ length: 40 * 30 }, () => color).flat()));
    const raw = { width: 40, height: 90, channels: 3, pageHeight: 30 } as const;
    const image = sharp(Buffer.concat(frames), { raw });
    const timing = { delay: [100, 200, 300], loop: 2 };
    return await (format === "gif"
      ? image.gif(timing)
      : image.webp({ ...timing, lossless: true })
    ).toBuffer();
  }

  it.each([
    ["gif", "gif"],
    ["gif", "webp"],
    ["webp", "gif"],
    ["webp", "webp"],
  ] as const)("stays moving from %s to %s, with its delays and its loops", async (from, format) => {
    const input = await moving(from);
    const output = { format, width: 20, animated: true, maxColors: format === "gif" ? 16 : undefined };
    const plan = planImage(probed(input), [{ ...OUTPUT, ...output }]);
    expect(plan.lane).toBe("container-short");
    const made = await inTheContainer(output, input);
    expect(await sharp(made).metadata()).toMatchObject({
      format,
      pages: 3,
      delay: [100, 200, 300],
      loop: 2,
      width: 20,
    });
    for (const [page, color] of colors.entries()) {
      const [r = 0, g = 0, b = 0] = await sharp(made, { page }).removeAlpha().raw().toBuffer();
      const off = Math.max(...[r, g, b].map((value, at) => Math.abs(value - (color[at] ?? 0))));
      expect(off).toBeLessThan(12);
    }
  });

  it("is a still of its first frame when told so, and in formats that do not move", async () => {
    const input = await moving("gif");
    for (const output of [
      { format: "gif" },
      { format: "webp" },
      { format: "png", animated: true },
    ] as const) {
      const made = await inTheContainer(output, input);
      const { pages = 1, height } = await sharp(made).metadata();
      expect([pages, height]).toEqual([1, 30]);
    }
  });

  it("is a still, and says so, when there is too much of it", async () => {
    const frames = 301;
    const raw = { width: 4, height: 4 * frames, channels: 3, pageHeight: 4 } as const;
    const data = Buffer.from(Array.from({ length: 48 * frames }, (_, at) => (Math.floor(at / 48) % 2) * 200));
    const [file, made] = [join(folder, "long"), join(folder, "out")];
    writeFileSync(file, await sharp(data, { raw }).gif().toBuffer());
    const output = { ...OUTPUT, name: "long.gif", format: "gif", animated: true } as const;
    const { notes } = await renderInContainer(file, output, made);
    expect(notes).toEqual([expect.stringContaining("long.gif is a still")]);
    expect((await sharp(made).metadata()).pages ?? 1).toBe(1);
  });
});
