import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MediaError } from "../../src/errors.ts";
import { type ImageProbe, needsMoreBytes, orientedSize, probeImage } from "../../src/image/probe.ts";
import { sniffType } from "../../src/media/sniff.ts";
import {
  ascii,
  chunk,
  concat,
  exifBlock,
  fileOf,
  jpegHeader,
  photo,
  pngHeader,
  riff,
  segment,
  uint32,
  vp8x,
  withExif,
  withSegments,
} from "../fixtures/images.ts";

function probed(bytes: Uint8Array): ImageProbe {
  const answer = probeImage(bytes, bytes.length);
  if (needsMoreBytes(answer)) throw new Error(`wants ${answer.neededBytes} bytes`);
  return answer;
}

function box(type: string, ...payload: (Uint8Array | readonly number[])[]): Uint8Array<ArrayBuffer> {
  const body = concat(...payload);
  return concat(uint32(body.length + 8), ascii(type), body);
}

const VERSION_0 = [0, 0, 0, 0];

/** An AVIF of one item, turned a quarter anticlockwise. */
function avif(): Uint8Array<ArrayBuffer> {
  const properties = box(
    "ipco",
    box("ispe", VERSION_0, uint32(640), uint32(480)),
    box("pixi", VERSION_0, [3, 10, 10, 10]),
    box("irot", [1]),
    box("colr", ascii("prof")),
  );
  const associations = box("ipma", VERSION_0, uint32(1), [0, 1, 4, 1, 2, 3, 4]);
  const meta = box("meta", VERSION_0, box("pitm", VERSION_0, [0, 1]), box("iprp", properties, associations));
  return concat(box("ftyp", ascii("avif"), uint32(0), ascii("mif1")), meta);
}

/** A little-endian TIFF whose directory has width, height and orientation 6. */
function tiff(): Uint8Array<ArrayBuffer> {
  const entry = (tag: number, value: number) => [
    tag & 255,
    tag >> 8,
    3,
    0,
    1,
    0,
    0,
    0,
    value & 255,
    value >> 8,
    0,
    0,
  ];
  return concat(
    ascii("II*\0"),
    uint32(8, true),
    [3, 0],
    entry(256, 300),
    entry(257, 200),
    entry(274, 6),
    uint32(0),
  );
}

const BMP = concat(
  ascii("BM"),
  new Uint8Array(12),
  uint32(40, true),
  uint32(20, true),
  [0xf6, 255, 255, 255, 1, 0, 24, 0],
);
const GIF_FRAME = concat([0x2c], new Uint8Array(8), [0, 2, 1, 0x44, 0]);
const GIF = concat(ascii("GIF89a"), [30, 0, 20, 0, 0, 0, 0], GIF_FRAME, GIF_FRAME, [0x3b]);
const SVG = ascii('<?xml version="1.0"?><!-- a drawing --><svg xmlns="x" viewBox="0 0 120 80"><path/></svg>');

describe("probeImage", () => {
  it("reads what the encoders write", async () => {
    const picture = photo(61, 40);
    for (const format of ["jpeg", "png", "webp"] as const) {
      expect(probed(await fileOf(picture, format))).toMatchObject({
        format,
        width: 61,
        height: 40,
        orientation: 1,
        bitDepth: 8,
        animated: false,
        hasIccProfile: false,
      });
    }
  });

  it("tells the varieties of JPEG apart", () => {
    expect(probed(jpegHeader(8, 9))).toMatchObject({
      width: 8,
      height: 9,
      coding: "baseline",
      colorModel: "ycbcr",
    });
    expect(probed(jpegHeader(8, 9, { marker: 0xc2 })).coding).toBe("progressive");
    expect(probed(jpegHeader(8, 9, { marker: 0xc3 })).coding).toBe("lossless");
    expect(probed(jpegHeader(8, 9, { marker: 0xc9 })).coding).toBe("arithmetic");
    expect(probed(jpegHeader(8, 9, { precision: 12, marker: 0xc1 })).bitDepth).toBe(12);
    expect(probed(jpegHeader(8, 9, { componentIds: [1] })).colorModel).toBe("grayscale");
    expect(probed(jpegHeader(8, 9, { componentIds: [1, 2, 3, 4] })).colorModel).toBe("cmyk");
    expect(probed(jpegHeader(8, 9, { componentIds: [1, 2, 3, 4], adobeTransform: 2 })).colorModel).toBe(
      "ycck",
    );
    expect(probed(jpegHeader(8, 9, { adobeTransform: 0 })).colorModel).toBe("rgb");
    expect(() => probed(jpegHeader(8, 0))).toThrow(/DNL/);
    expect(() => probed(jpegHeader(0, 8))).toThrow(/0×8/);
  });

  it("tells the varieties of PNG apart", () => {
    expect(probed(pngHeader(5, 6, { bitDepth: 16, colorType: 2, interlaced: true }))).toMatchObject({
      bitDepth: 16,
      components: 3,
      hasAlpha: false,
      coding: "interlaced",
    });
    const chunks = [chunk("iCCP", [1]), chunk("tRNS", [0]), chunk("acTL", [0, 0, 0, 7, 0, 0, 0, 0])];
    expect(probed(pngHeader(5, 6, { colorType: 3, bitDepth: 4, chunks }))).toMatchObject({
      colorModel: "palette",
      hasAlpha: true,
      animated: true,
      frames: 7,
      hasIccProfile: true,
    });
    expect(() => probed(pngHeader(5, 6, { colorType: 5 }))).toThrow(MediaError);
    expect(() => probed(pngHeader(5, 6, { colorType: 2, bitDepth: 4 }))).toThrow(MediaError);
  });

  it("tells the varieties of WebP apart", async () => {
    const plain = await fileOf(photo(16, 12), "webp");
    const bitstream = plain.subarray(20);
    const extended = riff(
      ["VP8X", vp8x(0x38, 16, 12)],
      ["ICCP", [1]],
      ["VP8 ", bitstream],
      ["EXIF", exifBlock(6)],
    );
    expect(probed(extended)).toMatchObject({
      width: 16,
      height: 12,
      orientation: 6,
      hasAlpha: true,
      hasIccProfile: true,
      coding: "lossy",
    });
    expect(probed(riff(["VP8X", vp8x(0x02, 9, 7)], ["ANIM", []], ["ANMF", [0]]))).toMatchObject({
      animated: true,
      frames: undefined,
    });
    const lossless = concat([0x2f], uint32((99 | (49 << 14) | (1 << 28)) >>> 0, true));
    expect(probed(riff(["VP8L", lossless]))).toMatchObject({ width: 100, height: 50, hasAlpha: true });
  });

  it("reads the formats that only containers decode", () => {
    expect(probed(avif())).toMatchObject({
      format: "avif",
      width: 640,
      height: 480,
      orientation: 8,
      bitDepth: 10,
    });
    expect(probed(tiff())).toMatchObject({ format: "tiff", width: 300, height: 200, orientation: 6 });
    expect(probed(BMP)).toMatchObject({ format: "bmp", width: 20, height: 10 });
    expect(probed(GIF)).toMatchObject({ format: "gif", width: 30, height: 20, frames: 2, animated: true });
    expect(probed(SVG)).toMatchObject({ format: "svg", width: 120, height: 80 });
  });

  it.each([
    ["a comment", "<!-- Uploaded to: SVG Repo -->\n"],
    ["a comment with a drawing in it", '<!-- <svg width="1" height="1"/> -->'],
    ["a byte order mark", "\u{feff}\n  "],
    ["a document type", '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/svg11.dtd">'],
    [
      "what Illustrator declares",
      `<?xml version="1.0"?><!-- Generator -->
       <!DOCTYPE svg PUBLIC "a" "b" [ ${'<!ENTITY ns_svg "http://www.w3.org/2000/svg">'.repeat(20)} ]>`,
    ],
    ["a long licence", `<?xml version="1.0"?><!--${" licence".repeat(450)}-->`],
  ])("knows a drawing behind %s, as sniffing does", async (_, prologue) => {
    const file = new TextEncoder().encode(`${prologue}<svg xmlns="x" width="70" height="30"><path/></svg>`);
    expect(probed(file)).toMatchObject({ format: "svg", width: 70, height: 30 });
    expect(await sniffType(file, "logo.svg", "")).toEqual({ kind: "image", type: "image/svg+xml" });
  });

  it.each([
    ["a page with a drawing in it", "<!DOCTYPE html><html><svg xmlns='x'></svg></html>"],
    ["a comment that does not end", "<!-- <svg xmlns='x'></svg>"],
    ["a document type that does not end", "<!DOCTYPE svg [<svg xmlns='x'></svg>"],
    ["openings alone", "<!--<?<!DOCTYPE".repeat(250)],
    ["a drawing far down", `${" ".repeat(4200)}<svg xmlns='x'></svg>`],
  ])("takes %s for no drawing", async (_, text) => {
    const file = new TextEncoder().encode(text);
    expect(() => probed(file)).toThrow(/does not begin/);
    await expect(sniffType(file, "logo.svg", "")).rejects.toMatchObject({ code: "type_mismatch" });
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])("reads orientation %i from JPEG and PNG", async (orientation) => {
    const jpeg = withExif(await fileOf(photo(20, 10), "jpeg"), orientation);
    const png = pngHeader(20, 10, { chunks: [chunk("eXIf", exifBlock(orientation))] });
    for (const file of [jpeg, png]) {
      expect(probed(file).orientation).toBe(orientation);
      expect(orientedSize(probed(file)).width).toBe(orientation >= 5 ? 10 : 20);
    }
  });

  it("takes damaged EXIF as upright", async () => {
    const jpeg = await fileOf(photo(20, 10), "jpeg");
    const damaged = withSegments(jpeg, segment(0xe1, concat(ascii("Exif\0\0MM\0*"), [255, 255, 255, 255])));
    expect(probed(damaged).orientation).toBe(1);
    expect(probed(withExif(jpeg, 9)).orientation).toBe(1);
  });

  it("asks for more when the header goes on, until it has it", async () => {
    const filler = segment(0xe2, new Uint8Array(65_000));
    const file = withSegments(await fileOf(photo(20, 10), "jpeg"), filler, filler, filler, filler);
    let have = 4096;
    let reads = 0;
    for (;;) {
      const answer = probeImage(file.subarray(0, have), file.length);
      if (!needsMoreBytes(answer)) {
        expect(answer.width).toBe(20);
        break;
      }
      expect(answer.neededBytes).toBeGreaterThan(have);
      have = answer.neededBytes;
      reads += 1;
    }
    expect(reads).toBeLessThanOrEqual(4);
  });

  it("refuses what it does not know and what ends too soon", () => {
    expect(() => probed(ascii("hello, this is no image at all, whatever"))).toThrow(/does not begin/);
    expect(() => probed(new Uint8Array(0))).toThrow(/no bytes/);
    expect(() => probed(pngHeader(5, 5).subarray(0, 20))).toThrow(/inside its own header/);
    const endless = concat([0xff, 0xd8, 0xff, 0xe0, 0, 1], new Uint8Array(20));
    expect(() => probed(endless)).toThrow(MediaError);
  });

  it("answers or throws a MediaError whatever the bytes are", async () => {
    const files = [
      withExif(await fileOf(photo(16, 12), "jpeg"), 6),
      jpegHeader(8, 9, { adobeTransform: 2 }),
      pngHeader(60_000, 60_000, { chunks: [chunk("eXIf", exifBlock(3)), chunk("tRNS", [0])] }),
      riff(["VP8X", vp8x(0x3a, 16, 12)], ["ANMF", [0]], ["EXIF", exifBlock(6)]),
      riff(["VP8L", [0x2f, 1, 2, 3, 4]]),
      ...[avif(), tiff(), BMP, GIF, SVG],
    ].map((file) => file.subarray(0, 400));
    const mutations = fc.array(fc.tuple(fc.nat(399), fc.constantFrom(0, 1, 8, 127, 128, 254, 255)), {
      maxLength: 6,
    });
    fc.assert(
      fc.property(fc.constantFrom(...files), mutations, fc.nat(400), (file, changes, length) => {
        const mutated = file.slice(0, Math.max(1, length));
        for (const [at, value] of changes) if (at < mutated.length) mutated[at] = value;
        try {
          const answer = probeImage(mutated);
          if (needsMoreBytes(answer)) expect(answer.neededBytes).toBeGreaterThan(mutated.length);
          else expect(answer.width * answer.height).toBeGreaterThan(0);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(MediaError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
