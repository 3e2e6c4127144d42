import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { INPUT_OPTIONS } from "../../../containers/transcoder/input-options.ts";
import { createCompletenessCheck } from "../../../src/image/completeness.ts";
import { readMetadata } from "../../../src/image/metadata/source-metadata.ts";
import { ascii, concat, photo, segment } from "../../fixtures/images.ts";
import { psnr, renderJpeg, sizeOf } from "./compare.ts";
import { ODD_JPEGS, ODD_SIZE, PARTIAL_JPEGS } from "./odd-jpegs.ts";

/** What the container lane makes of a file, opened as that lane opens it. */
async function decodedBySharp(file: Uint8Array): Promise<Buffer> {
  return await sharp(file, INPUT_OPTIONS).toColourspace("srgb").ensureAlpha().raw().toBuffer();
}

function missingOf(file: Uint8Array): string | undefined {
  const check = createCompletenessCheck("jpeg");
  check.push(file);
  return check.problem();
}

describe("an odd JPEG", () => {
  it.each(Object.entries(ODD_JPEGS))("is what libjpeg makes of it: %s", async (_, file) => {
    expect(missingOf(file)).toBeUndefined();
    const made = await renderJpeg(file, ODD_SIZE);
    expect(psnr(made.data, await decodedBySharp(file))).toBeGreaterThan(55);
    for (const scale of [3, 6, 12]) {
      const size = { width: Math.ceil(ODD_SIZE.width / scale), height: Math.ceil(ODD_SIZE.height / scale) };
      expect((await renderJpeg(file, size)).width, `1/${scale}`).toBe(size.width);
    }
  });

  it("may leave out the tables that everybody knows", async () => {
    const picture = photo(70, 50);
    const { width, height } = picture;
    const pixels = sharp(picture.data, { raw: { width, height, channels: 4 } }).removeAlpha();
    const whole = await pixels.jpeg({ quality: 90, optimiseCoding: false, mozjpeg: false }).toBuffer();
    const bare = withoutTables(whole);
    expect(bare.length).toBeLessThan(whole.length - 400);
    const made = await renderJpeg(bare, picture);
    expect(psnr(made.data, await decodedBySharp(bare))).toBeGreaterThan(44);
    expect(made.data).toEqual((await renderJpeg(whole, picture)).data);
  });

  it("keeps its profile and its EXIF behind stray bytes", () => {
    const exif = segment(0xe1, concat(ascii("Exif\0\0"), ascii("MM\0*\0\0\0\x08\0\0")));
    const profile = segment(0xe2, concat(ascii("ICC_PROFILE\0"), [1, 1], ascii("a profile")));
    const jpeg = ODD_JPEGS["trailing bytes"];
    const file = concat(jpeg.subarray(0, 2), exif, [7, 0, 0xff, 0, 9], profile, jpeg.subarray(2));
    expect(sizeOf(file)).toEqual(ODD_SIZE);
    const { icc, exif: block } = readMetadata(file, "jpeg");
    expect(icc).toEqual(ascii("a profile"));
    expect(block?.length).toBe(10);
  });
});

describe("a JPEG of which a part is missing", () => {
  it.each(Object.entries(PARTIAL_JPEGS))("is refused, though libjpeg takes it: %s", async (_, file) => {
    expect((await decodedBySharp(file)).length).toBe(ODD_SIZE.width * ODD_SIZE.height * 4);
    await expect(renderJpeg(file, ODD_SIZE)).rejects.toMatchObject({ code: "corrupt_image" });
    await expect(renderJpeg(file, { width: 8, height: 6 })).rejects.toMatchObject({ code: "corrupt_image" });
  });
});

/** Drops the segments that define Huffman tables. */
function withoutTables(jpeg: Uint8Array): Uint8Array {
  let at = 2;
  const kept = [jpeg.subarray(0, 2)];
  while (jpeg[at + 1] !== 0xda) {
    const end = at + 2 + ((jpeg[at + 2] ?? 0) << 8) + (jpeg[at + 3] ?? 0);
    if (jpeg[at + 1] !== 0xc4) kept.push(jpeg.subarray(at, end));
    at = end;
  }
  return concat(...kept, jpeg.subarray(at));
}
