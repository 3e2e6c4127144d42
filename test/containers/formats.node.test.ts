import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp, { type Sharp } from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openableImage } from "../../containers/transcoder/openable-image.ts";
import { renderImage as renderInContainer } from "../../containers/transcoder/render-image.ts";
import type { ImageOutput } from "../../src/image/output.ts";
import { renderImage } from "../../src/image/pipeline.ts";
import { planImage } from "../../src/image/plan.ts";
import { type ImageProbe, needsMoreBytes, probeImage } from "../../src/image/probe.ts";
import { bmpOf } from "../fixtures/bmp.ts";
import { paint } from "../fixtures/images.ts";
import { image } from "./studio.ts";

/** Files are written anew under the same name. */
sharp.cache(false);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "formats-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const OUTPUT: ImageOutput = { ...image, name: "out.png", format: "png", width: 48, height: undefined };

/** Smooth colours, half of them over a soft edge of transparency. */
const picture = paint(96, 64, (x, y) => [
  40 + x * 2,
  60 + y * 2,
  220 - x,
  y < 40 ? 255 : Math.max(0, 255 - (y - 40) * 12),
]);
const opaque = paint(96, 64, (x, y) => [40 + x * 2, 60 + y * 2, 220 - x, 255]);

function raw({ data, width, height } = picture): Sharp {
  return sharp(Buffer.from(data), { raw: { width, height, channels: 4 } });
}

const frames = sharp(
  Buffer.concat([Buffer.from(opaque.data), Buffer.from(opaque.data).map((value: number) => 255 - value)]),
  {
    raw: { width: 96, height: 128, channels: 4, pageHeight: 64 },
  },
).removeAlpha();

/** Each kind of file that is taken, by name. */
const INPUTS: Record<string, () => Promise<Buffer>> = {
  "TIFF, LZW": () => raw().tiff({ compression: "lzw" }).toBuffer(),
  "TIFF of 16 bits": () => raw(opaque).toColorspace("rgb16").tiff().toBuffer(),
  "TIFF in CMYK": () => raw(opaque).removeAlpha().toColorspace("cmyk").tiff().toBuffer(),
  "PNG of 16 bits": () => raw().toColorspace("rgb16").png().toBuffer(),
  "PNG of 16-bit grays": () => raw(opaque).removeAlpha().toColorspace("grey16").png().toBuffer(),
  "PNG of grays and alpha": () => raw().toColorspace("b-w").png().toBuffer(),
  "PNG, interlaced": () => raw().png({ progressive: true }).toBuffer(),
  "PNG with a palette and tRNS": () => raw().png({ palette: true, colors: 64 }).toBuffer(),
  "PNG with two colours": () => raw(opaque).removeAlpha().png({ palette: true, colors: 2 }).toBuffer(),
  "JPEG of grays": () => raw(opaque).removeAlpha().toColorspace("b-w").jpeg().toBuffer(),
  "JPEG in CMYK": () => raw(opaque).removeAlpha().toColorspace("cmyk").jpeg().toBuffer(),
  "WebP, lossless": () => raw().webp({ lossless: true }).toBuffer(),
  "WebP that moves, as a still": () =>
    frames
      .clone()
      .webp({ lossless: true, delay: [90, 90] })
      .toBuffer(),
  "GIF that moves, as a still": () =>
    frames
      .clone()
      .gif({ delay: [90, 90] })
      .toBuffer(),
  "AVIF of 10 bits": () =>
    raw(opaque).removeAlpha().toColorspace("rgb16").avif({ bitdepth: 10, quality: 80 }).toBuffer(),
  AVIF: () => raw().avif({ quality: 80, effort: 1 }).toBuffer(),
};

function probed(input: Uint8Array): ImageProbe {
  const probe = probeImage(input, input.length);
  if (needsMoreBytes(probe)) throw new Error("short head");
  return probe;
}

async function inTheContainer(input: Buffer): Promise<Buffer> {
  const [file, made] = [join(folder, "input"), join(folder, "out")];
  writeFileSync(file, input);
  const place = { folder, signal: AbortSignal.timeout(30_000), stallMs: 30_000 };
  await renderInContainer(await openableImage(place, file), OUTPUT, made);
  return readFileSync(made);
}

async function atTheEdge(input: Buffer): Promise<Buffer> {
  const bytes = new Uint8Array(input);
  const [made] = await renderImage(bytes, probed(bytes), [OUTPUT]);
  return Buffer.from(made?.bytes ?? []);
}

/** As libvips has it by itself; premultiplied, so that what does not show does not count. */
async function seen(file: Buffer | Sharp): Promise<number[]> {
  const { data }: { data: Buffer } = await (file instanceof Uint8Array ? sharp(file) : file)
    .ensureAlpha()
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true });
  return Array.from(data, (value, at) => (at % 4 === 3 ? value : (value * (data[at | 3] ?? 0)) / 255));
}

async function distance(made: Buffer, reference: Sharp): Promise<number> {
  const [one, other] = [await seen(made), await seen(reference)];
  expect(one).toHaveLength(other.length);
  return one.reduce((sum, value, at) => sum + Math.abs(value - (other[at] ?? 0)), 0) / one.length;
}

function reference(input: Buffer): Sharp {
  return sharp(input).resize(48, 32, { fit: "fill" }).toColorspace("srgb");
}

/** Mean difference that is allowed, of 255: what two resamplers differ by. */
const WITHIN = 1;

describe("what is taken", () => {
  it.each(Object.keys(INPUTS))("%s", async (name) => {
    const input = await INPUTS[name]?.();
    if (!input) throw new Error(`no ${name}`);
    expect(await distance(await inTheContainer(input), reference(input))).toBeLessThan(WITHIN);
    const { lane } = planImage(probed(new Uint8Array(input)), [OUTPUT]);
    if (lane !== "edge") return;
    expect(await distance(await atTheEdge(input), reference(input))).toBeLessThan(WITHIN);
  });

  it.each([
    { bits: 24, topDown: false },
    { bits: 24, topDown: true },
    { bits: 8, topDown: false },
  ] as const)("BMP of $bits bits, top row first: $topDown", async (form) => {
    const bmp = Buffer.from(bmpOf(opaque, form));
    expect(planImage(probed(new Uint8Array(bmp)), [OUTPUT]).lane).toBe("container-short");
    const made = await inTheContainer(bmp);
    const within = form.bits === 8 ? 24 : WITHIN;
    expect(await distance(made, raw(opaque).resize(48, 32, { fit: "fill" }))).toBeLessThan(within);
  });

  it("a BMP that is cut short is said to be damaged", async () => {
    const cut = Buffer.from(bmpOf(opaque).subarray(0, 2000));
    await expect(inTheContainer(cut)).rejects.toMatchObject({ code: "corrupt_image" });
  });
});
