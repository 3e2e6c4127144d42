import sharp from "sharp";
import { describe, expect, it } from "vitest";
import type { ImageOutput } from "../../src/image/output.ts";
import { detailedPhoto } from "../fixtures/detailed-photo.ts";
import { image, useStudio } from "./studio.ts";
import { endOf, runTask } from "./transcoder-process.ts";

const studio = useStudio();

const WIDTH = 320;
const HEIGHT = 240;
const PHOTO = detailedPhoto(WIDTH, HEIGHT, 1);

function drawn() {
  const raw = { width: WIDTH, height: HEIGHT, channels: 4 } as const;
  return sharp(Buffer.from(PHOTO.data.buffer), { raw }).removeAlpha();
}

const FILES: Record<string, () => Promise<Buffer>> = {
  "baseline JPEG": () => drawn().jpeg({ quality: 90 }).toBuffer(),
  "CMYK JPEG": () => drawn().toColorspace("cmyk").jpeg({ quality: 90 }).toBuffer(),
  PNG: () => drawn().png().toBuffer(),
  GIF: () => drawn().gif().toBuffer(),
};

function first(file: Buffer, share: number): Buffer {
  return file.subarray(0, Math.floor(file.length * share));
}

const SALVAGED: ImageOutput = {
  ...image,
  width: undefined,
  height: undefined,
  name: "a.png",
  format: "png",
  salvage: true,
};

async function salvage(input: Buffer, output: Partial<ImageOutput> = {}) {
  const task = studio.task(input);
  const outputs = [{ ...SALVAGED, ...output }];
  const { files, notes } = await runTask(studio.transcoder, { kind: "image", ...task, outputs }, "files");
  return { bytes: studio.output(task, files[0]?.path ?? ""), notes };
}

async function failure(input: Buffer, output: Partial<ImageOutput> = {}) {
  const outputs = [{ ...SALVAGED, ...output }];
  return await endOf(studio.transcoder, { kind: "image", ...studio.task(input), outputs });
}

/** The rows from one share of the height to another, RGB. */
async function rows(file: Buffer, from: number, to: number): Promise<Buffer> {
  const top = Math.round(HEIGHT * from);
  return await sharp(file)
    .flatten({ background: "#808080" })
    .toColorspace("srgb")
    .extract({ left: 0, top, width: WIDTH, height: Math.round(HEIGHT * to) - top })
    .raw()
    .toBuffer();
}

/** How many colours the last rows of a picture have: one when nothing of them is there. */
async function coloursOf(file: Buffer): Promise<number> {
  const last = await rows(file, 0.99, 1);
  return new Set(Array.from({ length: last.length / 3 }, (_, i) => last.readUIntBE(i * 3, 3))).size;
}

/** Mean difference, 0–255. */
function difference(a: Buffer, b: Buffer): number {
  expect(a.length).toBe(b.length);
  return a.reduce((sum, value, i) => sum + Math.abs(value - (b[i] ?? 0)), 0) / a.length;
}

describe("what is cut short", () => {
  it.each(Object.entries(FILES))("gives the part of a %s that is there, and says so", async (_, make) => {
    const whole = await make();
    for (const share of [0.45, 0.8]) {
      const { bytes, notes } = await salvage(first(whole, share));
      // Detail is spread over the photo, but not evenly: the rows lag behind the bytes a little.
      const there = Math.max(0.1, share - 0.3);
      expect(difference(await rows(bytes, 0, there), await rows(whole, 0, there))).toBeLessThan(2);
      if (share < 0.5) expect(await coloursOf(bytes)).toBe(1);
      expect(notes).toEqual([
        expect.stringMatching(/^a\.png shows only what there was to decode, .* is cut short: .* missing/),
      ]);
    }
  });

  it("gives a coarse picture, but a full one, of a progressive JPEG that ends between two scans", async () => {
    const whole = await drawn().jpeg({ quality: 90, progressive: true }).toBuffer();
    const scans = [...whole.keys()].filter((at) => whole[at] === 0xff && whole[at + 1] === 0xda);
    expect(scans.length).toBeGreaterThan(5);
    let before = Number.POSITIVE_INFINITY;
    for (const scan of [1, 4, scans.length - 1]) {
      const { bytes, notes } = await salvage(whole.subarray(0, scans[scan]));
      expect(notes).toHaveLength(1);
      for (const [from, to] of [
        [0, 0.5],
        [0.5, 1],
      ] as const)
        expect(difference(await rows(bytes, from, to), await rows(whole, from, to))).toBeLessThan(25);
      const off = difference(await rows(bytes, 0, 1), await rows(whole, 0, 1));
      expect(off).toBeLessThan(before);
      before = off;
    }
  });

  it("is salvaged through crops, finishes and searches as anything else", async () => {
    const cut = first(await drawn().jpeg().toBuffer(), 0.7);
    const made = await salvage(cut, {
      name: "b.webp",
      format: "webp",
      width: 100,
      height: 100,
      resizeMode: "crop",
      gravity: "attention",
      sharpen: 1,
      qualityTarget: { maxBytes: 5_000 },
    });
    expect(await sharp(made.bytes).metadata()).toMatchObject({ format: "webp", width: 100, height: 100 });
    expect(made.notes.join(" ")).toMatch(/b\.webp shows only what there was/);
  });

  it("keeps the frames of an animation that are there", async () => {
    const frames = 6;
    const data = Buffer.alloc(80 * 60 * frames * 3, await rows(await drawn().png().toBuffer(), 0, 0.5));
    const raw = { width: 80, height: 60 * frames, channels: 3, pageHeight: 60 } as const;
    const whole = await sharp(data, { raw }).gif({ effort: 1 }).toBuffer();
    const { bytes, notes } = await salvage(first(whole, 0.6), {
      name: "c.webp",
      format: "webp",
      animated: true,
    });
    const { pages = 1 } = await sharp(bytes).metadata();
    expect(pages).toBeGreaterThan(1);
    expect(pages).toBeLessThanOrEqual(frames);
    expect(notes).toHaveLength(1);
  });
});

/** Where the data of its pixels begins: behind a JPEG's SOS segment, in a PNG's IDAT chunk, in a GIF's image. */
function headerBytes(file: Buffer): number {
  if (file.subarray(1, 4).toString() === "PNG") return file.indexOf("IDAT") + 4;
  if (file.subarray(0, 3).toString() === "GIF") return file.indexOf(0x2c, 13 + 3 * 256) + 10;
  const scan = file.indexOf(Buffer.from([0xff, 0xda]));
  return scan + 2 + file.readUInt16BE(scan + 2);
}

describe("what cannot be salvaged", () => {
  it.each(Object.entries(FILES))("is a %s that is cut in or right behind its header", async (_, make) => {
    const whole = await make();
    const header = headerBytes(whole);
    for (const end of [header, Math.floor(header / 2)]) {
      expect(await failure(whole.subarray(0, end))).toMatchObject({ type: "error", code: "corrupt_image" });
    }
  });

  it("is a WebP: its decoder answers with all or nothing", async () => {
    expect(await failure(first(await drawn().webp().toBuffer(), 0.7))).toMatchObject({
      code: "corrupt_image",
    });
  });

  it("is damage in the middle of a file that has its end", async () => {
    const whole = await drawn().png().toBuffer();
    whole.fill(0x55, whole.length / 2, whole.length / 2 + 200);
    expect(await failure(whole)).toMatchObject({ type: "error", code: "corrupt_image" });
  });

  it("is anything that was not allowed to be", async () => {
    const cut = first(await drawn().jpeg().toBuffer(), 0.7);
    expect(await failure(cut, { salvage: undefined })).toMatchObject({
      type: "error",
      code: "corrupt_image",
    });
  });
});

it("a file that is whole is made as it always was, without a word", async () => {
  const whole = await drawn().jpeg({ quality: 90 }).toBuffer();
  const { bytes, notes } = await salvage(whole);
  expect(notes).toEqual([]);
  expect(difference(await rows(bytes, 0, 1), await rows(whole, 0, 1))).toBeLessThan(0.01);
});
