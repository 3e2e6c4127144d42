import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { MediaError } from "../../../src/errors.ts";
import { decodePng, resamplePng } from "../../../src/image/codecs/png-rows.ts";
import { decodeImage } from "../../../src/image/decode.ts";
import { needsMoreBytes, probeImage } from "../../../src/image/probe.ts";
import { chunk, concat } from "../../fixtures/images.ts";
import { psnr } from "./compare.ts";
import { mayHaveKey, PNG_KINDS, pngPicture, pngPixels } from "./png-pictures.ts";
import { writePng } from "./png-writer.ts";

const RGBA = { colorType: 6, bitDepth: 8 } as const;
const FILTERS = { horizontal: "lanczos3", vertical: "lanczos3" } as const;

/** Decoded by the edge, behind the probe and the check for completeness. */
async function decoded(file: Uint8Array) {
  const probe = probeImage(file, file.length);
  if (needsMoreBytes(probe)) throw new Error("short");
  return (await decodeImage(file, probe)).data;
}

async function failureOf(file: Uint8Array): Promise<string> {
  const thrown = await decoded(file).catch((error: unknown) => error);
  if (!(thrown instanceof MediaError)) throw new Error(`no coded error: ${thrown}`);
  return `${thrown.code} ${thrown.message}`;
}

describe.each(PNG_KINDS)("a PNG of colour type $colorType, $bitDepth bits", (kind) => {
  const forms = [false, true].flatMap((isInterlaced) =>
    [false, true].filter((hasKey) => !hasKey || mayHaveKey(kind)).map((hasKey) => ({ isInterlaced, hasKey })),
  );

  it.each(forms)(
    "is what it stores, and what sharp reads: $isInterlaced $hasKey",
    async ({ isInterlaced, hasKey }) => {
      // A single pixel, rows that end within a byte, passes without pixels, and more rows than a strip.
      for (const [width, height] of [
        [1, 1],
        [3, 2],
        [33, 5],
        [5, 41],
      ] as const) {
        const picture = { ...pngPicture(kind, width, height, hasKey), isInterlaced };
        const file = writePng(picture);
        const pixels = await decoded(file);
        expect(pixels).toEqual(pngPixels(picture));
        if (kind.bitDepth === 16) continue;
        const theirs = await sharp(file).toColourspace("srgb").ensureAlpha().raw().toBuffer();
        expect(Buffer.from(pixels.buffer).equals(theirs)).toBe(true);
      }
    },
  );
});

describe("compressed data", () => {
  const picture = pngPicture(RGBA, 300, 200);
  const wanted = pngPixels(picture);

  it.each([
    ["stored", { level: 0 }],
    ["fast", { level: 1 }],
    ["in fixed codes", { isFixed: true }],
    ["in many chunks", { parts: 37 }],
    ["in chunks of which some are empty", { parts: 7000 }],
  ])("is read %s", async (_, form) => {
    expect((await decodePng(writePng({ ...picture, ...form }))).data).toEqual(wanted);
  });

  it("may hold more than the picture, of which no more is inflated", async () => {
    const small = pngPicture(RGBA, 300, 100);
    const file = writePng({ ...picture, level: 9 });
    const header = writePng(small).subarray(0, 33);
    expect((await decodePng(concat(header, file.subarray(33)))).data).toEqual(pngPixels(small));
  });

  it("of flat colour by the megapixel costs a few rows", async () => {
    const bomb = writePng({ ...pngPicture(RGBA, 8000, 400), sample: () => 7 });
    const part = { left: 0, top: 0, width: 8000, height: 100 };
    const { data } = await resamplePng(bomb, part, { width: 80, height: 1 }, FILTERS, true);
    expect([...data.subarray(0, 4)]).toEqual([7, 7, 7, 7]);
  });
});

describe("a damaged PNG", () => {
  const picture = pngPicture({ colorType: 2, bitDepth: 8 }, 60, 50);
  const spoiled = (spoil: (zlib: Uint8Array) => Uint8Array) => failureOf(writePng({ ...picture, spoil }));
  const changed = (at: number, value: number) => (zlib: Uint8Array) => {
    const copy = zlib.slice();
    copy[at < 0 ? copy.length + at : at] = value;
    return copy;
  };

  it("is refused with what is wrong", async () => {
    expect(await spoiled((zlib) => zlib.subarray(0, zlib.length / 2))).toMatch(
      /^corrupt_image .*data ends before/,
    );
    expect(await spoiled(changed(0, 0x79))).toMatch(/^corrupt_image .*zlib/);
    expect(await spoiled(changed(-1, 0x5a))).toMatch(/^corrupt_image .*checksum/);
    expect(await spoiled(changed(2, 0xff))).toMatch(/^corrupt_image .*block/);
    expect(
      await failureOf(
        writePng({ ...picture, height: 51, sample: () => 0, spoil: (zlib) => zlib.subarray(0, 12) }),
      ),
    ).toMatch(/^corrupt_image/);
  });

  it("is refused for a bit that changed anywhere in its pixels", async () => {
    const whole = writePng(picture);
    for (let at = 60; at < whole.length - 20; at += 97) {
      const file = whole.slice();
      file[at] = (file[at] ?? 0) ^ 4;
      expect(await failureOf(file)).toMatch(/^corrupt_image/);
    }
  });

  it("is refused for rows that do not exist, filters that do not exist, and no palette", async () => {
    const short = { ...picture, height: 40 };
    const file = concat(writePng({ ...short, height: 50 }).subarray(0, 33), writePng(short).subarray(33));
    expect(await failureOf(file)).toMatch(/data ends before/);
    const palette = pngPicture({ colorType: 3, bitDepth: 8 }, 20, 20);
    expect(await failureOf(writePng({ ...palette, palette: undefined }))).toMatch(/PLTE/);
    const bare = writePng(palette);
    const at = bare.indexOf(80, 33);
    bare[at + 10] = (bare[at + 10] ?? 0) ^ 1;
    expect(await failureOf(bare)).toMatch(/PLTE/);
  });

  it("shows all of itself without a transparency that is damaged", async () => {
    const keyed = pngPicture({ colorType: 2, bitDepth: 8 }, 20, 20, true);
    const file = writePng(keyed);
    const at = file.findIndex((_, i) => Buffer.from(file).toString("latin1", i, i + 4) === "tRNS");
    file[at + 5] = (file[at + 5] ?? 0) ^ 1;
    expect(await decoded(file)).toEqual(pngPixels({ ...keyed, transparency: undefined }));
  });

  it("may have other chunks before, between and behind", async () => {
    const file = writePng(picture);
    const more = concat(
      file.subarray(0, 33),
      chunk("tEXt", [65, 0, 66]),
      file.subarray(33),
      chunk("zzZz", [1]),
    );
    expect(await decoded(more)).toEqual(pngPixels(picture));
  });
});

describe("a PNG that is resampled while it is read", () => {
  it.each([
    ["all of it", { left: 0, top: 0, width: 310, height: 230 }, { width: 77, height: 57 }],
    ["a part", { left: 60, top: 50, width: 120, height: 90 }, { width: 40, height: 30 }],
    ["enlarged", { left: 100, top: 100, width: 20, height: 20 }, { width: 60, height: 60 }],
  ])("is what sharp makes of it: %s", async (_, window, size) => {
    const picture = pngPicture(RGBA, 310, 230);
    const file = writePng({
      ...picture,
      sample: (x, y, i) => (i === 3 ? 255 : (x * 3 + y * 2 + i * 40) & 127),
    });
    const made = await resamplePng(file, window, size, FILTERS, true);
    const theirs = await sharp(file)
      .extract(window)
      .resize({ ...size, fit: "fill", kernel: "lanczos3" })
      .ensureAlpha()
      .raw()
      .toBuffer();
    expect(psnr(made.data, theirs)).toBeGreaterThan(30);
  });

  it("only cut out, keeps every pixel as it is, those under no alpha too", async () => {
    const picture = pngPicture(RGBA, 90, 70);
    const file = writePng(picture);
    const window = { left: 11, top: 20, width: 30, height: 40 };
    const made = await resamplePng(file, window, { width: 30, height: 40 }, FILTERS, false);
    const whole = pngPixels(picture);
    for (let y = 0; y < 40; y++) {
      const at = ((y + 20) * 90 + 11) * 4;
      expect(made.data.subarray(y * 120, y * 120 + 120)).toEqual(whole.subarray(at, at + 120));
    }
  });
});
