import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp, { type SharpOptions } from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { renderImage as renderInContainer } from "../../../containers/transcoder/render-image.ts";
import { readMetadata } from "../../../src/image/metadata/source-metadata.ts";
import { writeMetadata } from "../../../src/image/metadata/write-metadata.ts";
import type { ImageOutput } from "../../../src/image/output.ts";
import { renderImage } from "../../../src/image/pipeline.ts";
import { planImage } from "../../../src/image/plan.ts";
import { type ImageProbe, needsMoreBytes, probeImage } from "../../../src/image/probe.ts";
import { fileOf, paint } from "../../fixtures/images.ts";
import { type ColorDistance, colorDistance } from "./delta-e.ts";
import { GRAY_PROFILE, PROFILES, TABLE_PROFILE } from "./profiles.ts";

const OUTPUT: ImageOutput = {
  name: "out.png",
  format: "png",
  width: 60,
  resizeMode: "fit",
  allowEnlarge: false,
  position: { x: 0.5, y: 0.5 },
  background: [255, 255, 255, 255],
  quality: 90,
};

/** All hues, from gray to as much colour as there is and from dark to light, with an edge across. */
const rainbow = paint(120, 96, (x, y) => {
  const hue = (x / 120) * 6;
  const light = 0.15 + 0.8 * (y / 96);
  const strength = x + y > 108 ? 1 : 0.45;
  const channel = (shift: number) => {
    const at = Math.min(1, Math.max(0, Math.abs(((hue + shift) % 6) - 3) - 1));
    return Math.round(255 * light * (1 - strength + strength * at));
  };
  return [channel(0), channel(4), channel(2), 255];
});

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "color-"));
});
afterAll(() => rmSync(folder, { recursive: true }));
sharp.cache(false);

function probed(input: Uint8Array): ImageProbe {
  const probe = probeImage(input, input.length);
  if (needsMoreBytes(probe)) throw new Error("short head");
  return probe;
}

async function atTheEdge(input: Uint8Array, output: ImageOutput) {
  const [image] = await renderImage(input, probed(input), [output]);
  if (!image) throw new Error("nothing rendered");
  return { bytes: Buffer.from(image.bytes), notes: image.notes };
}

async function inTheContainer(input: Uint8Array, output: ImageOutput) {
  const [picture, file] = [join(folder, "picture"), join(folder, "out")];
  writeFileSync(picture, input);
  const { notes } = await renderInContainer(picture, output, file);
  return { bytes: readFileSync(file), notes };
}

const LANES = { edge: atTheEdge, container: inTheContainer };

async function rgb(file: Uint8Array, options: SharpOptions = {}): Promise<Buffer> {
  const image = sharp(file, options);
  const { width } = await image.metadata();
  const sized = width > 60 ? image.resize(60) : image;
  return await sized.removeAlpha().toColorspace("srgb").raw({ depth: "uchar" }).toBuffer();
}

/** Distance to what libvips itself makes of the input. */
async function toLibvips(made: Buffer, input: Uint8Array): Promise<ColorDistance> {
  return colorDistance(await rgb(made), await rgb(input));
}

async function inProfile(format: "jpeg" | "png" | "webp", icc: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  return writeMetadata(await fileOf(rainbow, format), format, { icc });
}

describe.each(Object.keys(LANES) as (keyof typeof LANES)[])("colours at the %s", (lane) => {
  const render = LANES[lane];

  it.each(Object.keys(PROFILES) as (keyof typeof PROFILES)[])("of %s are those of libvips", async (name) => {
    for (const format of ["jpeg", "png", "webp"] as const) {
      const input = await inProfile(format, PROFILES[name]);
      const { bytes } = await render(input, OUTPUT);
      const { mean, p99 } = await toLibvips(bytes, input);
      if (process.env.SHOW_COLORS)
        console.log(`${lane} ${name} ${format}: mean ${mean.toFixed(2)}, p99 ${p99.toFixed(2)}`);
      expect(mean).toBeLessThan(0.6);
      expect(p99).toBeLessThan(3);
      expect((await sharp(bytes).metadata()).icc).toBeUndefined();
      const isOther = name !== "srgb itself";
      const unconverted = colorDistance(await rgb(bytes), await rgb(input, { ignoreIcc: true }));
      expect(unconverted.mean > 1).toBe(isOther);
    }
  });

  it("of gray in a profile are those of libvips", async () => {
    const gray = await sharp(Buffer.from(rainbow.data), { raw: { width: 120, height: 96, channels: 4 } })
      .removeAlpha()
      .toColorspace("b-w")
      .jpeg({ quality: 95 })
      .toBuffer();
    const input = writeMetadata(new Uint8Array(gray), "jpeg", { icc: GRAY_PROFILE });
    const { mean, p99 } = await toLibvips((await render(input, OUTPUT)).bytes, input);
    expect(mean).toBeLessThan(0.6);
    expect(p99).toBeLessThan(3);
  });

  it("stay as they are with their profile, in every format, when they are to be kept", async () => {
    const input = await inProfile("png", PROFILES["display-p3"]);
    for (const format of ["jpeg", "png", "webp", "avif"] as const) {
      const { bytes } = await render(input, {
        ...OUTPUT,
        format,
        colorProfile: "keep",
        metadata: "strip_all",
      });
      const { icc } = await sharp(bytes).metadata();
      expect(icc && Buffer.from(PROFILES["display-p3"]).equals(icc), format).toBe(true);
      const codes = colorDistance(
        await rgb(bytes, { ignoreIcc: true }),
        await rgb(input, { ignoreIcc: true }),
      );
      expect(codes.mean, format).toBeLessThan(format === "png" ? 0.6 : 4);
      // Shown, it is the picture that it was.
      expect((await toLibvips(bytes, input)).mean, format).toBeLessThan(format === "png" ? 0.6 : 4);
    }
  });

  it("of CMYK or gray become sRGB, and never with the profile of what they were", async () => {
    const gray = await sharp({ create: { width: 80, height: 80, channels: 3, background: "#777" } })
      .toColorspace("b-w")
      .jpeg()
      .toBuffer();
    const input = writeMetadata(new Uint8Array(gray), "jpeg", { icc: GRAY_PROFILE });
    const made = await render(input, {
      ...OUTPUT,
      format: "jpeg",
      colorProfile: "keep",
      metadata: "preserve_all",
    });
    expect((await sharp(made.bytes).metadata()).icc).toBeUndefined();
    expect(made.notes).toEqual(["out.png is sRGB: a profile of grayscale is not kept."]);
  });

  it("survive a profile that is cut short or mixed up", async () => {
    const whole = PROFILES["adobe-rgb"];
    for (const icc of [whole.subarray(0, 60), whole.subarray(0, 200), whole.slice().fill(0xff, 132, 300)]) {
      const { bytes } = await render(await inProfile("png", icc), OUTPUT);
      expect((await sharp(bytes).metadata()).width).toBe(60);
    }
  });
});

describe("a profile of tables", () => {
  it("goes to the container, unless the colours are kept", async () => {
    const probe = probed(await inProfile("png", TABLE_PROFILE));
    expect(probe.profileKind).toBe("lut");
    expect(planImage(probe, [OUTPUT])).toMatchObject({
      lane: "container-short",
      reason: expect.stringContaining("tables of colours"),
    });
    expect(planImage(probe, [{ ...OUTPUT, colorProfile: "keep" }]).lane).toBe("edge");
    const input = await inProfile("png", TABLE_PROFILE);
    await expect(renderImage(input, probe, [OUTPUT])).rejects.toMatchObject({ code: "unsupported_image" });
    const { profileKind: _, ...older } = probe;
    expect(await renderImage(input, older, [OUTPUT])).toHaveLength(1);
  });
});

describe.each(["with a profile", "without one"])("CMYK %s", (kind) => {
  it.each(["cmyk", "ycck"])("is that of libvips, stored as %s", async (model) => {
    const image = sharp(Buffer.from(rainbow.data), { raw: { width: 120, height: 96, channels: 4 } })
      .removeAlpha()
      .toColorspace("cmyk");
    const tagged = kind === "with a profile" ? image.withIccProfile("cmyk", { attach: true }) : image;
    const input = new Uint8Array(await tagged.jpeg({ quality: 95, chromaSubsampling: "4:4:4" }).toBuffer());
    // The same numbers, said to be a luma, two colour differences and black.
    if (model === "ycck") input[Buffer.from(input).indexOf("Adobe") + 11] = 2;
    const probe = probed(input);
    expect([probe.colorModel, planImage(probe, [OUTPUT]).lane]).toEqual([model, "container-short"]);
    expect(readMetadata(input, "jpeg").icc !== undefined).toBe(kind === "with a profile");
    const made = await inTheContainer(input, { ...OUTPUT, colorProfile: "keep" });
    const { mean, p99 } = await toLibvips(made.bytes, input);
    if (process.env.SHOW_COLORS)
      console.log(`container ${model} ${kind}: mean ${mean.toFixed(2)}, p99 ${p99.toFixed(2)}`);
    expect(mean).toBeLessThan(0.6);
    expect(p99).toBeLessThan(3);
    expect((await sharp(made.bytes).metadata()).icc).toBeUndefined();
    expect(made.notes).toHaveLength(kind === "with a profile" ? 1 : 0);
  });
});

describe("linear light", () => {
  it("keeps the light of fine patterns, which codes darken", async () => {
    const checks = await fileOf(
      paint(64, 64, (x, y) => ((x + y) % 2 === 0 ? [255, 255, 255, 255] : [0, 0, 0, 255])),
      "png",
    );
    const half = { ...OUTPUT, width: 8 };
    const middle = async (output: ImageOutput) =>
      (await rgb((await inTheContainer(checks, output)).bytes))[3 * 27];
    expect(planImage(probed(checks), [{ ...half, linearLight: true }]).lane).toBe("container-short");
    // Half of the light is code 188, and half of the codes 128.
    expect(await middle({ ...half, linearLight: true })).toBeCloseTo(188, -1);
    expect(await middle(half)).toBeCloseTo(128, -1);
  });
});

describe("16 bits", () => {
  it.each(Object.keys(LANES) as (keyof typeof LANES)[])("are rounded to 8 at the %s", async (lane) => {
    const steps = Array.from({ length: 256 }, (_, at) => at * 257 + ([0, 100, -100, 128][at % 4] ?? 0));
    const data = Uint16Array.from(steps.flatMap((value) => [value, value, value]));
    const raw = { width: 256, height: 1, channels: 3 } as const;
    const png = await sharp(data, { raw }).toColorspace("rgb16").png().toBuffer();
    const { bytes } = await LANES[lane](png, { ...OUTPUT, width: undefined });
    const codes = await sharp(bytes).removeAlpha().raw().toBuffer();
    const wanted = [...data].map((value) => Math.round(value / 257));
    expect([...codes]).toEqual(wanted);
  });
});

describe("a target", () => {
  it("is met in the colours that are kept", async () => {
    const input = await inProfile("png", PROFILES.prophoto);
    const output = {
      ...OUTPUT,
      format: "webp",
      colorProfile: "keep",
      qualityTarget: { ssim: 0.97 },
    } as const;
    for (const render of Object.values(LANES)) {
      const { bytes, notes } = await render(input, output);
      expect(notes).toEqual([
        expect.stringMatching(/^out.png has quality \d+ with a similarity of 0.9[789]/),
      ]);
      expect((await sharp(bytes).metadata()).icc).toHaveLength(PROFILES.prophoto.length);
    }
  });
});
