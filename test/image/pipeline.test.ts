import { describe, expect, it } from "vitest";
import { MediaError } from "../../src/errors.ts";
import { decodeImage } from "../../src/image/decode.ts";
import type { ImageFormat, ImageOutput } from "../../src/image/output.ts";
import { renderImage } from "../../src/image/pipeline.ts";
import type { Pixels } from "../../src/image/pixels.ts";
import { type ImageProbe, needsMoreBytes, probeImage } from "../../src/image/probe.ts";
import {
  ascii,
  chunk,
  concat,
  disc,
  EDGE_FORMATS,
  exifBlock,
  fileOf,
  jpegHeader,
  paint,
  photo,
  quarters,
  withExif,
} from "../fixtures/images.ts";

/** AVIF is only written at the edge; a container reads it. */
const SOURCES = EDGE_FORMATS.filter((format) => format !== "avif");

function output(overrides: Partial<ImageOutput> = {}): ImageOutput {
  return {
    name: "out",
    format: "png",
    resizeMode: "fit",
    allowEnlarge: false,
    position: { x: 0.5, y: 0.5 },
    background: [255, 255, 255, 255],
    quality: 90,
    ...overrides,
  };
}

function probed(file: Uint8Array): ImageProbe {
  const answer = probeImage(file, file.length);
  if (needsMoreBytes(answer)) throw new Error("short head");
  return answer;
}

/** Renders one output and decodes it again. */
async function rendered(file: Uint8Array, overrides: Partial<ImageOutput> = {}): Promise<Pixels> {
  const [image] = await renderImage(file, probed(file), [output(overrides)]);
  if (image === undefined) throw new Error("nothing rendered");
  return await decodeImage(image.bytes, probed(image.bytes));
}

function pixelAt({ data, width }: Pixels, x: number, y: number): number[] {
  return [...data.subarray((y * width + x) * 4, (y * width + x) * 4 + 4)];
}

function expectColor(actual: number[], wanted: number[], tolerance = 12): void {
  for (const [channel, value] of wanted.entries()) {
    expect(Math.abs((actual[channel] ?? 0) - value), `${actual} is not ${wanted}`).toBeLessThanOrEqual(
      tolerance,
    );
  }
}

async function errorOf(work: Promise<unknown>): Promise<unknown> {
  return await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
}

const RED = [220, 0, 0, 255];
const GREEN = [0, 200, 0, 255];
const BLUE = [0, 0, 220, 255];
const WHITE = [255, 255, 255, 255];

describe("renderImage", () => {
  it("makes every format from every format, from one decode, with progress", async () => {
    for (const source of SOURCES) {
      const file = await fileOf(photo(300, 200), source);
      const stages: string[] = [];
      const fractions: number[] = [];
      const images = await renderImage(
        file,
        probed(file),
        EDGE_FORMATS.map((format) => output({ name: `a.${format}`, format, width: 100 })),
        {
          onStage: (stage, fraction) => {
            stages.push(stage);
            fractions.push(fraction);
          },
        },
      );
      expect(images.map(({ name, width, height }) => [name, width, height])).toEqual(
        EDGE_FORMATS.map((format) => [`a.${format}`, 100, 67]),
      );
      expect(stages).toEqual(["decode", ...EDGE_FORMATS.flatMap(() => ["resize", "encode"])]);
      expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
      for (const { bytes, type, format } of images) {
        expect(probed(bytes).format).toBe(format);
        expect(type).toBe(`image/${format}`);
      }
    }
  });

  it("stops where the checkpoint throws", async () => {
    const file = await fileOf(photo(20, 20), "png");
    const checkpoint = () => {
      throw new MediaError("cancelled", "Stop.");
    };
    const thrown = await errorOf(renderImage(file, probed(file), [output()], { checkpoint }));
    expect(thrown).toMatchObject({ code: "cancelled" });
  });

  // Where the four quarters of the stored picture are seen: top left, top right, bottom left, bottom right.
  it.each([
    { orientation: 1, seen: { topLeft: RED, topRight: GREEN, bottomLeft: BLUE, bottomRight: WHITE } },
    { orientation: 2, seen: { topLeft: GREEN, topRight: RED, bottomLeft: WHITE, bottomRight: BLUE } },
    { orientation: 3, seen: { topLeft: WHITE, topRight: BLUE, bottomLeft: GREEN, bottomRight: RED } },
    { orientation: 4, seen: { topLeft: BLUE, topRight: WHITE, bottomLeft: RED, bottomRight: GREEN } },
    { orientation: 5, seen: { topLeft: RED, topRight: BLUE, bottomLeft: GREEN, bottomRight: WHITE } },
    { orientation: 6, seen: { topLeft: BLUE, topRight: RED, bottomLeft: WHITE, bottomRight: GREEN } },
    { orientation: 7, seen: { topLeft: WHITE, topRight: GREEN, bottomLeft: BLUE, bottomRight: RED } },
    { orientation: 8, seen: { topLeft: GREEN, topRight: WHITE, bottomLeft: RED, bottomRight: BLUE } },
  ])("turns orientation $orientation upright, whole and cropped", async ({ orientation, seen }) => {
    const file = withExif(await fileOf(quarters(64, 32), "jpeg"), orientation);
    const [width, height] = orientation >= 5 ? [16, 32] : [32, 16];
    const whole = await rendered(file, { width, height, resizeMode: "fit" });
    expect([whole.width, whole.height]).toEqual([width, height]);
    expectColor(pixelAt(whole, 3, 3), seen.topLeft);
    expectColor(pixelAt(whole, width - 4, 3), seen.topRight);
    expectColor(pixelAt(whole, 3, height - 4), seen.bottomLeft);
    expectColor(pixelAt(whole, width - 4, height - 4), seen.bottomRight);

    const corner = await rendered(file, {
      width: 8,
      height: 8,
      resizeMode: "crop",
      position: { x: 1, y: 0 },
    });
    expectColor(pixelAt(corner, 6, 1), seen.topRight);
  });

  it("pads with the background and keeps the picture in its place", async () => {
    const file = await fileOf(quarters(40, 20), "png");
    const padded = await rendered(file, {
      width: 40,
      height: 40,
      resizeMode: "pad",
      background: [9, 8, 7, 255],
    });
    expectColor(pixelAt(padded, 20, 2), [9, 8, 7, 255], 0);
    expectColor(pixelAt(padded, 2, 12), RED, 0);
    expectColor(pixelAt(padded, 2, 37), [9, 8, 7, 255], 0);
  });

  it("does not let colour under transparency bleed into edges", async () => {
    const small = await rendered(await fileOf(disc(90), "png"), { width: 30 });
    for (let at = 0; at < small.data.length; at += 4) {
      if ((small.data[at + 3] ?? 0) > 8) expect(small.data[at + 1]).toBeLessThan(24);
    }
    expectColor(pixelAt(small, 0, 0).slice(3), [0], 0);
  });

  it("shows the background through alpha in JPEG only", async () => {
    const file = await fileOf(disc(60), "png");
    const flat = await rendered(file, { format: "jpeg", background: [0, 0, 255, 255] });
    expectColor(pixelAt(flat, 1, 1), [0, 0, 255, 255]);
    expectColor(pixelAt(await rendered(file, { format: "webp" }), 1, 1).slice(3), [0], 0);
  });

  it("survives sides of one pixel and extreme ratios", async () => {
    const thread = await fileOf(
      paint(2000, 1, (x) => [x % 256, 0, 0, 255]),
      "png",
    );
    for (const format of SOURCES) {
      const thin = await rendered(thread, { width: 50, format });
      expect([thin.width, thin.height]).toEqual([50, 1]);
    }
    const dot = await fileOf(
      paint(1, 1, () => [1, 2, 3, 255]),
      "png",
    );
    const wall = await rendered(dot, { width: 7, height: 5, resizeMode: "fill", allowEnlarge: true });
    expectColor(pixelAt(wall, 6, 4), [1, 2, 3, 255], 1);
  });

  it("writes nothing of the input's metadata", async () => {
    const secret = "GPS 52.3702N 4.8952E";
    const jpeg = withExif(await fileOf(photo(60, 40), "jpeg"), 1);
    const png = await fileOf(photo(60, 40), "png");
    const text = [chunk("tEXt", ascii(`Comment\0${secret}`)), chunk("eXIf", exifBlock(1))];
    const tagged = concat(png.subarray(0, 33), ...text, png.subarray(33));
    for (const file of [jpeg, tagged]) {
      expect(new TextDecoder("latin1").decode(file)).toContain(secret);
      const images = await renderImage(
        file,
        probed(file),
        EDGE_FORMATS.map((format) => output({ format })),
      );
      for (const { bytes } of images) {
        expect(new TextDecoder("latin1").decode(bytes)).not.toMatch(
          /GPS 52|Exif|eXIf|EXIF|ICC_PROFILE|iCCP|tEXt|xmp/,
        );
      }
    }
  });
});

describe("a damaged file", () => {
  it.each(SOURCES)("is refused at every cut of a %s, never half drawn", async (format) => {
    const file = await fileOf(photo(120, 90), format);
    const probe = probed(file);
    for (const part of [0.4, 0.6, 0.8, 0.95, 0.999]) {
      const cut = file.subarray(0, Math.floor(file.length * part));
      expect(await errorOf(renderImage(cut, probe, [output()]))).toMatchObject({ code: "corrupt_image" });
    }
  });

  it("is refused when its end is there but its middle is not", async () => {
    for (const format of SOURCES satisfies readonly ImageFormat[]) {
      const file = await fileOf(photo(200, 150), format);
      const holed = file.slice();
      holed.fill(0x55, Math.floor(file.length * 0.5), Math.floor(file.length * 0.5) + 200);
      const thrown = await errorOf(renderImage(holed, probed(file), [output()]));
      // libwebp keeps no checksum: noise in a lossy stream decodes to other pixels, and nobody can tell.
      if (format !== "webp") expect(thrown).toMatchObject({ code: "corrupt_image" });
    }
  });

  it("is not confused with one that has no decoder here", async () => {
    const file = jpegHeader(20, 10, { componentIds: [1, 2, 3, 4] });
    const thrown = await errorOf(renderImage(file, probed(file), [output()]));
    expect(thrown).toMatchObject({ code: "unsupported_image", message: expect.stringContaining("CMYK") });
  });

  it("leaves the codecs fit for the next picture", async () => {
    for (const format of SOURCES) {
      const file = await fileOf(photo(50, 40), format);
      const noise = concat(file.subarray(0, 60), new Uint8Array(200).fill(0xa5), file.subarray(-20));
      for (let round = 0; round < 5; round++) {
        expect(await errorOf(decodeImage(noise, probed(file)))).toBeInstanceOf(MediaError);
      }
      expect((await rendered(file, { width: 25 })).height).toBe(20);
    }
  });
});
