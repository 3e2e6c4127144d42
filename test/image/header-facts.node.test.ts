import { deflateSync } from "node:zlib";
import sharp, { type Sharp } from "sharp";
import { describe, expect, it } from "vitest";
import { type HeaderFacts, headerFactsOf } from "../../src/image/analyze/header-facts.ts";
import { needsMoreBytes, probeImage } from "../../src/image/probe.ts";
import { detailedPhoto } from "../fixtures/detailed-photo.ts";
import { chunk, concat } from "../fixtures/images.ts";

const { data, width, height } = detailedPhoto(64, 48, 1);
const picture = () => sharp(Buffer.from(data.buffer), { raw: { width, height, channels: 4 } }).removeAlpha();

async function factsOf(file: Uint8Array): Promise<HeaderFacts> {
  const head = new Uint8Array(file);
  const probe = probeImage(head, head.length);
  if (needsMoreBytes(probe)) throw new Error("short head");
  return await headerFactsOf(head, probe);
}

describe("what a header says", () => {
  it("tells the quality a JPEG was written with", async () => {
    for (const quality of [1, 20, 35, 50, 75, 90, 100]) {
      const facts = await factsOf(await picture().jpeg({ quality }).toBuffer());
      expect(Math.abs((facts.estimatedQuality ?? 0) - quality), `q${quality}`).toBeLessThanOrEqual(
        quality < 10 ? 9 : 1,
      );
    }
    expect((await factsOf(await picture().webp().toBuffer())).estimatedQuality).toBeNull();
  });

  it("tells dots per inch, from JFIF, PNG, TIFF and EXIF", async () => {
    for (const density of [72, 300]) {
      const marked = () => picture().withMetadata({ density });
      for (const file of [marked().jpeg(), marked().png(), marked().tiff(), marked().webp()])
        expect(await factsOf(await file.toBuffer())).toMatchObject({ dpi: density });
    }
    expect(await factsOf(await picture().webp().toBuffer())).toMatchObject({ dpi: null, exif: {} });
  });

  it("names how a file is compressed", async () => {
    const named = async (file: Sharp) => (await factsOf(await file.toBuffer())).compression;
    expect(await named(picture().jpeg())).toBe("baseline dct");
    expect(await named(picture().jpeg({ progressive: true }))).toBe("progressive dct");
    expect(await named(picture().png())).toBe("deflate");
    expect(await named(picture().webp())).toBe("lossy vp8");
    expect(await named(picture().webp({ lossless: true }))).toBe("lossless vp8l");
    expect(await named(picture().avif())).toBe("av1");
    expect(await named(picture().gif())).toBe("lzw");
    expect(await named(picture().tiff({ compression: "lzw" }))).toBe("lzw");
    expect(await named(picture().tiff({ compression: "none" }))).toBe("none");
  });

  it("names the colour profile in every container", async () => {
    const p3 = () => picture().withIccProfile("p3");
    const names = await Promise.all(
      [p3().jpeg(), p3().png(), p3().webp(), p3().tiff(), p3().avif()].map(
        async (file) => (await factsOf(await file.toBuffer())).iccName,
      ),
    );
    expect(new Set(names).size).toBe(1);
    expect(names[0]).toMatch(/P3/);
    expect((await factsOf(await picture().jpeg().toBuffer())).iccName).toBeNull();
  });

  it("is silent about what is damaged or hostile", async () => {
    const whole = await picture().withIccProfile("p3").withMetadata({ density: 300 }).jpeg().toBuffer();
    for (let seed = 1; seed <= 300; seed++) {
      const file = new Uint8Array(whole);
      for (let hit = 0; hit < 6; hit++)
        file[20 + ((seed * 7919 + hit * 104_729) % 700)] = (seed * 31 + hit * 97) & 255;
      const cut = file.subarray(0, 40 + ((seed * 13) % 900));
      const probe = { format: "jpeg", coding: "baseline", hasIccProfile: true } as never;
      expect(await headerFactsOf(cut, probe)).toHaveProperty("compression", "baseline dct");
    }
    // A profile that inflates to far more than any has.
    const bomb = concat([80, 51, 0, 0], new Uint8Array(deflateSync(new Uint8Array(50_000_000))));
    const png = await picture().png().toBuffer();
    const file = concat(png.subarray(0, 33), chunk("iCCP", bomb), png.subarray(33));
    expect((await factsOf(file)).iccName).toBeNull();
  });
});
