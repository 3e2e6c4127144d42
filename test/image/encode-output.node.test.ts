import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { LIBVIPS_CODEC } from "../../containers/transcoder/libvips-codec.ts";
import { EDGE_CODEC } from "../../src/image/edge-codec.ts";
import { encodeOutput, type ImageCodec } from "../../src/image/encode-output.ts";
import type { ImageFormat } from "../../src/image/output.ts";
import type { Pixels } from "../../src/image/pixels.ts";
import { QUALITY_WORDS, resolveQuality } from "../../src/image/quality.ts";
import { compare } from "../bench/image-quality.ts";
import { detailedPhoto } from "../fixtures/detailed-photo.ts";
import { concat, disc, paint, quarters } from "../fixtures/images.ts";

const LANES: Record<string, ImageCodec> = { edge: EDGE_CODEC, container: LIBVIPS_CODEC };

async function similarity(bytes: Uint8Array, picture: Pixels): Promise<number> {
  const raw = await sharp(bytes).ensureAlpha().raw().toBuffer();
  return compare(raw, new Uint8Array(picture.data.buffer), picture.width).ssim;
}

const SIZE = [256, 192] as const;

describe("a target of similarity", () => {
  const picture = detailedPhoto(...SIZE, 1);
  const cases: [string, ImageFormat][] = [
    ["edge", "jpeg"],
    ["edge", "webp"],
    ["container", "jpeg"],
    ["container", "webp"],
    ["container", "avif"],
  ];

  it.each(cases)("is met closely at the %s lane as %s", async (lane, format) => {
    const codec = LANES[lane] as ImageCodec;
    for (const ssim of [0.92, 0.97]) {
      const output = { name: "a", format, quality: 60, qualityTarget: { ssim } };
      const { bytes, notes } = await encodeOutput(picture, output, codec);
      const reached = await similarity(bytes, picture);
      expect(reached).toBeGreaterThanOrEqual(ssim - 0.001);
      expect(reached).toBeLessThan(ssim + 0.01);
      expect(notes[0]).toMatch(/^a has quality \d+ with a similarity of 0\.9\d\d\d\.$/);
    }
  });

  it("that no quality meets gives the best there is, and says so", async () => {
    const output = { name: "a.jpg", format: "jpeg", quality: 80, qualityTarget: { ssim: 0.9999 } } as const;
    const { notes } = await encodeOutput(picture, output, EDGE_CODEC);
    expect(notes[0]).toMatch(/quality 100 .* jpeg does not come nearer to 0\.9999/);
  });

  it("costs PNG one encode, as it loses nothing", async () => {
    let encodes = 0;
    const counting: ImageCodec = {
      ...EDGE_CODEC,
      encode: async (...args) => {
        encodes++;
        return await EDGE_CODEC.encode(...args);
      },
    };
    const output = { name: "a.png", format: "png", quality: 100, qualityTarget: { ssim: 0.98 } } as const;
    expect((await encodeOutput(picture, output, counting)).notes[0]).toContain("loses nothing");
    expect(encodes).toBe(1);
  });

  it("ends with what the checkpoint throws", async () => {
    const output = { name: "a", format: "webp", quality: 60, qualityTarget: { ssim: 0.9 } } as const;
    let left = 2;
    const checkpoint = () => {
      if (left-- === 0) throw new Error("cancelled");
    };
    await expect(encodeOutput(picture, output, EDGE_CODEC, { checkpoint })).rejects.toThrow("cancelled");
  });
});

describe("a target of bytes", () => {
  const picture = detailedPhoto(...SIZE, 2);

  it.each(Object.entries(LANES))(
    "is never exceeded, and nearly used up, at the %s lane",
    async (_, codec) => {
      for (const format of ["jpeg", "webp", "avif"] as const) {
        const output = { name: "a", format, quality: 60, qualityTarget: { maxBytes: 6000 } };
        const { bytes } = await encodeOutput(picture, output, codec);
        expect(bytes.length).toBeLessThanOrEqual(6000);
        expect(bytes.length).toBeGreaterThan(5000);
      }
    },
  );

  it("counts the metadata that is kept", async () => {
    const output = { name: "a", format: "webp", quality: 60, qualityTarget: { maxBytes: 6000 } } as const;
    const carry = (file: Uint8Array<ArrayBuffer>) => concat(file, new Uint8Array(2000));
    const { bytes } = await encodeOutput(picture, output, EDGE_CODEC, { carry });
    expect(bytes.length).toBeLessThanOrEqual(6000);
    expect(bytes.length).toBeGreaterThan(5500);
  });

  it("that no quality meets fails, and says how small it would be", async () => {
    for (const format of ["jpeg", "webp", "png"] as const) {
      const output = { name: "a", format, quality: 80, qualityTarget: { maxBytes: 300 } };
      const error = await encodeOutput(picture, output, EDGE_CODEC).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: "max_bytes_unreachable" });
      expect(String(error)).toMatch(/would have \d+ bytes as \w+ at .* and 300 are allowed/);
    }
  });
});

describe("a format that the content chooses", () => {
  const auto = { name: "a.webp", format: "webp", quality: 84, losslessIfFlat: true } as const;
  const same = (a: Buffer, b: Pixels) => a.every((value, at) => value === b.data[at]);

  it.each(Object.entries(LANES))("keeps flat graphics to the pixel at the %s lane", async (_, codec) => {
    const diagram = paint(...SIZE, (x, y) =>
      x % 40 === 0 || y % 30 === 0
        ? [20, 20, 30, 255]
        : x > 120 && y > 90
          ? [220, 40, 60, 255]
          : [255, 255, 255, 255],
    );
    for (const picture of [diagram, quarters(64, 64)]) {
      const { bytes, notes } = await encodeOutput(picture, auto, codec);
      expect(same(await sharp(bytes).ensureAlpha().raw().toBuffer(), picture)).toBe(true);
      expect(notes[0]).toContain("without loss");
    }
    // Of what does not show only the colour may go.
    const logo = disc(64);
    const raw = await sharp((await encodeOutput(logo, auto, codec)).bytes)
      .raw()
      .toBuffer();
    expect(raw.every((value, at) => logo.data[at | 3] === 0 || value === logo.data[at])).toBe(true);
  });

  it("writes photos with loss, also those that are cut out on white", async () => {
    const photo = detailedPhoto(...SIZE, 3);
    const onWhite = paint(...SIZE, (x, y) => {
      const at = (y * SIZE[0] + x) * 4;
      const [red = 0, green = 0, blue = 0] = photo.data.subarray(at, at + 3);
      return Math.hypot(x - 128, y - 96) < 60 ? [red, green, blue, 255] : [255, 255, 255, 255];
    });
    for (const picture of [photo, onWhite]) {
      const { bytes, notes } = await encodeOutput(picture, auto, EDGE_CODEC);
      expect(notes).toEqual([]);
      expect(bytes.length).toBeLessThan(15_000);
    }
  });

  it("falls back to loss where lossless is over the bytes allowed", async () => {
    // Mostly flat, with a photo in one corner: what a screenshot of a page is.
    const photo = detailedPhoto(...SIZE, 3);
    const page = paint(...SIZE, (x, y) => {
      const at = (y * SIZE[0] + x) * 4;
      const [red = 0, green = 0, blue = 0] = photo.data.subarray(at, at + 3);
      return x < 100 && y < 100 ? [red, green, blue, 255] : [255, 255, 255, 255];
    });
    const limit = { ...auto, qualityTarget: { maxBytes: 4000 } };
    const { bytes, notes } = await encodeOutput(page, limit, EDGE_CODEC);
    expect(bytes.length).toBeLessThanOrEqual(4000);
    expect(notes[0]).toContain("the most for 4000 bytes");
  });
});

describe("words of quality", () => {
  it("look alike in JPEG, WebP and AVIF, from both lanes", async () => {
    const pictures = [4, 5].map((seed) => detailedPhoto(...SIZE, seed));
    for (const word of QUALITY_WORDS) {
      const scores: number[] = [];
      for (const codec of Object.values(LANES)) {
        for (const format of ["jpeg", "webp", "avif"] as const) {
          const wanted = { format, quality: resolveQuality(word, format) };
          for (const one of pictures) scores.push(await similarity(await codec.encode(one, wanted), one));
        }
      }
      expect(Math.max(...scores) - Math.min(...scores), word).toBeLessThan(word === "low" ? 0.03 : 0.02);
    }
  });

  it("and numbers make the same JPEG and WebP in both lanes", async () => {
    const picture = detailedPhoto(...SIZE, 6);
    for (const format of ["jpeg", "webp"] as const) {
      for (const quality of [30, 75]) {
        const [here, there] = [EDGE_CODEC, LIBVIPS_CODEC].map(
          async (codec) => await similarity(await codec.encode(picture, { format, quality }), picture),
        );
        expect(Math.abs(((await here) ?? 0) - ((await there) ?? 1))).toBeLessThan(0.001);
      }
    }
  });
});
