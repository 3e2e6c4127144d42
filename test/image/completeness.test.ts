import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createCompletenessCheck } from "../../src/image/completeness.ts";
import { bmpOf } from "../fixtures/bmp.ts";
import { ascii, chunk, concat, fileOf, photo, riff, segment, withSegments } from "../fixtures/images.ts";

function problemOf(format: string, ...chunks: Uint8Array[]): string | undefined {
  const check = createCompletenessCheck(format);
  for (const part of chunks) check.push(part);
  return check.problem();
}

const GIF = concat(
  ascii("GIF89a"),
  [2, 0, 2, 0, 0x80, 0, 0],
  [0, 0, 0, 255, 255, 255],
  [0x21, 0xf9, 4, 0, 0, 0, 0, 0],
  [0x2c, 0, 0, 0, 0, 2, 0, 2, 0, 0, 2, 2, 0x4c, 0x0a, 0],
  [0x3b],
);

async function wholeFiles(): Promise<[format: string, file: Uint8Array<ArrayBuffer>][]> {
  const picture = photo(40, 30);
  const jpeg = await fileOf(picture, "jpeg");
  return [
    ["jpeg", jpeg],
    // The preview inside the segment has an SOS and an EOI of its own.
    ["jpeg", withSegments(jpeg, segment(0xe1, concat(ascii("Exif\0\0"), jpeg)))],
    ["png", await fileOf(picture, "png")],
    ["webp", await fileOf(picture, "webp")],
    ["gif", GIF],
    ["bmp", bmpOf(picture)],
    ["bmp", bmpOf(picture, { topDown: true })],
    ["bmp", bmpOf(picture, { bits: 8 })],
  ];
}

describe("createCompletenessCheck", () => {
  it("passes whole files and names what is missing from every shorter one", async () => {
    for (const [format, file] of await wholeFiles()) {
      expect(problemOf(format, file)).toBeUndefined();
      expect(problemOf(format, file, ascii("trailing bytes do not matter"))).toBeUndefined();
      for (let length = 0; length < file.length; length += Math.ceil(file.length / 300)) {
        expect(problemOf(format, file.subarray(0, length)), `${format} of ${length}`).toMatch(
          /cut short|no scan/,
        );
      }
      expect(problemOf(format, file.subarray(0, -1))).toBeDefined();
    }
  });

  it("passes what it cannot judge", () => {
    expect(problemOf("avif", ascii("anything"))).toBeUndefined();
    expect(createCompletenessCheck(undefined).problem()).toBeUndefined();
  });

  it("says the same however the file is cut", async () => {
    const files = await wholeFiles();
    fc.assert(
      fc.property(
        fc.constantFrom(...files),
        fc.nat(),
        fc.array(fc.nat(), { maxLength: 20 }),
        ([format, file], length, cuts) => {
          const bytes = file.subarray(0, length % 2 === 0 ? file.length : length % file.length);
          const points = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort(
            (a, b) => a - b,
          );
          const parts = points.slice(1).map((end, index) => bytes.subarray(points[index], end));
          expect(problemOf(format, ...parts)).toBe(problemOf(format, bytes));
        },
      ),
    );
    for (const [format, file] of files) {
      expect(problemOf(format, ...Array.from(file, (byte) => Uint8Array.of(byte)))).toBeUndefined();
    }
  });

  it("leaves compressed pixels of a BMP to its decoder, and takes the sides of an old one", () => {
    const compressed = bmpOf(photo(40, 30));
    compressed[30] = 1;
    expect(problemOf("bmp", compressed.subarray(0, 60))).toBeUndefined();
    const old = concat(ascii("BM"), new Uint8Array(8), [26, 0, 0, 0], [12, 0, 0, 0, 9, 0, 2, 0, 1, 0, 24, 0]);
    expect(problemOf("bmp", concat(old, new Uint8Array(55)))).toBe(
      "The BMP is cut short: it has 81 of 82 bytes.",
    );
    expect(problemOf("bmp", concat(old, new Uint8Array(56)))).toBeUndefined();
  });

  it("survives hostile lengths", () => {
    expect(problemOf("png", concat(ascii("\x89PNG\r\n\x1a\n"), [255, 255, 255, 255], ascii("IDAT")))).toMatch(
      /IEND/,
    );
    expect(problemOf("webp", riff(["VP8 ", [1, 2]]).fill(255, 4, 8))).toMatch(/of 4294967303 bytes/);
    expect(problemOf("jpeg", Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 0, 0xff, 0xd9))).toMatch(/no scan/);
    expect(problemOf("png", chunk("IEND", []))).toMatch(/IEND/);
  });
});
