import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp, { type Sharp } from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { renderImage as renderInContainer } from "../../containers/transcoder/render-image.ts";
import type { ImageOutput } from "../../src/image/output.ts";
import { renderImage } from "../../src/image/pipeline.ts";
import { needsMoreBytes, probeImage } from "../../src/image/probe.ts";
import { fileOf, paint } from "../fixtures/images.ts";

const OUTPUT: ImageOutput = {
  name: "out.png",
  format: "png",
  width: 120,
  resizeMode: "fit",
  allowEnlarge: false,
  position: { x: 0.5, y: 0.5 },
  background: [255, 255, 255, 255],
  quality: 90,
};

const BOX = { width: 90, height: 90, resizeMode: "crop" } as const;

/** Everything an output can ask for, by name. */
const OUTPUTS: Record<string, Partial<ImageOutput>> = {
  plain: {},
  "rotate 90": { rotate: 90 },
  "rotate 180": { rotate: 180 },
  "rotate 270": { rotate: 270, width: undefined, height: 100 },
  "flip h": { flip: "h" },
  "flip v, rotate 90": { flip: "v", rotate: 90, ...BOX, position: { x: 1, y: 0 } },
  trim: { trim: { top: 20, right: 40, bottom: 0, left: 60 } },
  "trim to a window": { trim: { top: 20, right: 0, bottom: 0, left: 60, width: 100, height: 50 } },
  "trim the border": { trimBorder: { tolerance: 12, keep: 0 } },
  border: { border: { top: 2, right: 4, bottom: 6, left: 8, color: [0, 80, 160, 255] } },
  "pad and border": {
    height: 120,
    resizeMode: "pad",
    background: [9, 120, 60, 255],
    border: { top: 3, right: 3, bottom: 3, left: 3, color: [250, 240, 0, 255] },
  },
  blur: { blur: 5 },
  sharpen: { sharpen: 1 },
  gamma: { adjust: { gamma: 2 } },
  brightness: { adjust: { brightness: 0.5 } },
  contrast: { adjust: { contrast: 1.5 } },
  grays: { adjust: { saturation: 0 } },
  attention: { ...BOX, gravity: "attention" },
  entropy: { ...BOX, height: 40, gravity: "entropy" },
  "aspect crop": { ...BOX, width: 900, height: 300, keepBoxRatio: true },
  jpeg: { name: "out.jpg", format: "jpeg", sharpen: 0.5 },
  avif: { name: "out.avif", format: "avif", quality: 80 },
};

let folder: string;
let picture: string;

/** A light with a coloured thing in it that is off the middle, framed in one colour. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lanes-"));
  picture = join(folder, "picture");
  const pixels = paint(360, 240, (x, y) => {
    if (x < 24 || y < 16 || x >= 344 || y >= 232) return [240, 240, 240, 255];
    const light = 70 + 60 * Math.sin(x / 90) * Math.cos(y / 70);
    if (Math.hypot(x - 280, y - 80) > 34) return [light, light * 0.9, light * 1.1, 255];
    return (x ^ y) & 4 ? [220, 160, 124, 255] : [150, 90, 70, 255];
  });
  writeFileSync(picture, await fileOf(pixels, "png"));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function atTheEdge(output: ImageOutput, from = picture) {
  const input = new Uint8Array(readFileSync(from));
  const probe = probeImage(input, input.length);
  if (needsMoreBytes(probe)) throw new Error("short head");
  const [image] = await renderImage(input, probe, [output]);
  if (!image) throw new Error("nothing rendered");
  return await raw(Buffer.from(image.bytes));
}

async function inTheContainer(output: ImageOutput, from = picture) {
  const file = join(folder, output.name);
  await renderInContainer(from, output, file);
  return await raw(readFileSync(file));
}

async function raw(file: Buffer) {
  const { data, info } = await sharp(file).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  return { size: `${info.width}×${info.height}`, data };
}

/** Peak signal-to-noise ratio, dB; the same picture has none. */
function likeness(a: Buffer, b: Buffer): number {
  let squares = 0;
  for (let at = 0; at < a.length; at++) squares += ((a[at] ?? 0) - (b[at] ?? 0)) ** 2;
  return 10 * Math.log10((255 * 255) / (squares / a.length || 1e-9));
}

describe("one output is the same picture from both lanes", () => {
  it.each(Object.keys(OUTPUTS))("%s", async (name) => {
    const output = { ...OUTPUT, ...OUTPUTS[name] };
    const [here, there] = [await atTheEdge(output), await inTheContainer(output)];
    expect(here.size).toBe(there.size);
    // A difference of two levels is 42 dB, and lossy encoders differ more than decoders do.
    expect(likeness(here.data, there.data)).toBeGreaterThan(output.format === "png" ? 40 : 33);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    "a JPEG of orientation %i that both decode at a part of its size",
    async (orientation) => {
      const photo = join(folder, "photo.jpg");
      const enlarged = sharp(readFileSync(picture)).resize(1440, 960, { kernel: "cubic" });
      await enlarged.removeAlpha().jpeg().withMetadata({ orientation }).toFile(photo);
      const [here, there] = [await atTheEdge(OUTPUT, photo), await inTheContainer(OUTPUT, photo)];
      expect(here.size).toBe(there.size);
      expect(likeness(here.data, there.data)).toBeGreaterThan(38);
    },
  );

  const SOURCES: Record<string, (picture: Sharp) => Sharp> = {
    "JPEG 4:2:0": (p) => p.removeAlpha().jpeg({ quality: 90, chromaSubsampling: "4:2:0" }),
    "JPEG 4:4:4": (p) => p.removeAlpha().jpeg({ quality: 90, chromaSubsampling: "4:4:4" }),
    "progressive JPEG": (p) => p.removeAlpha().jpeg({ quality: 90, progressive: true }),
    "gray JPEG": (p) => p.removeAlpha().grayscale().jpeg({ quality: 90 }),
    "lossy WebP": (p) => p.removeAlpha().webp({ quality: 90 }),
    "WebP with transparency": (p) => p.ensureAlpha(0.5).webp({ quality: 90 }),
    "lossless WebP": (p) => p.webp({ lossless: true }),
    "16-bit PNG": (p) => p.toColourspace("rgb16").png(),
  };

  it.each(Object.keys(SOURCES))("of %s, fitted and cropped", async (name) => {
    const source = join(folder, "source");
    const enlarged = sharp(readFileSync(picture)).resize(720, 480, { kernel: "cubic" });
    await SOURCES[name]?.(enlarged).toFile(source);
    for (const asked of [{}, { ...BOX, position: { x: 0.9, y: 0.1 } }]) {
      const output = { ...OUTPUT, ...asked };
      const [here, there] = [await atTheEdge(output, source), await inTheContainer(output, source)];
      expect(here.size).toBe(there.size);
      expect(likeness(here.data, there.data)).toBeGreaterThan(36);
    }
  });
});
