import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, describe, expect, it } from "vitest";
import { parseOptions } from "../../src/image-url/grammar.ts";
import { galleryPage } from "../../src/local/gallery-page.ts";
import { makeOrientedPhotos, makeSampleLogo } from "../../src/local/gallery-samples.ts";
import { GALLERY_SECTIONS, ORIENTATIONS, ORIENTED_OPTIONS } from "../../src/local/gallery-sections.ts";

const dir = mkdtempSync(join(tmpdir(), "darkroom-gallery-test-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const SIDES = { width: 120, height: 80 };

/** The strongest channel of a pixel of a picture as it is shown: 0 red, 1 green, 2 blue. */
async function channelAt(path: string, left: number, top: number): Promise<number> {
  const { data, info } = await sharp(path).autoOrient().raw().toBuffer({ resolveWithObject: true });
  const at = (top * info.width + left) * info.channels;
  const pixel = [...data.subarray(at, at + 3)];
  return pixel.indexOf(Math.max(...pixel));
}

it("every picture of the gallery is asked for in the grammar of image URLs", () => {
  const all = GALLERY_SECTIONS.flatMap(({ options }) => options);
  expect(all.length).toBeGreaterThan(25);
  for (const options of [...all, ORIENTED_OPTIONS])
    expect(parseOptions(options.replace("LOGO", `med_${"0".repeat(26)}`)), options).toBeTruthy();
});

describe("the samples", () => {
  it("are stored eight ways, and shown upright in every one", async () => {
    const photo = join(dir, "photo.png");
    const red = { create: { width: 60, height: 40, channels: 3 as const, background: "#c00000" } };
    const blue = { create: { ...red.create, background: "#0000c0" } };
    await sharp({ create: { ...SIDES, channels: 3, background: "#00c000" } })
      .composite([
        { input: red, left: 0, top: 0 },
        { input: blue, left: 60, top: 0 },
      ])
      .png()
      .toFile(photo);
    const paths = await makeOrientedPhotos(dir, photo);
    expect(paths).toHaveLength(8);
    for (const [index, path] of paths.entries()) {
      const { orientation, width, autoOrient } = await sharp(path).metadata();
      expect(orientation ?? 1).toBe(ORIENTATIONS[index]);
      expect(width).toBe(index >= 4 ? 320 : 480);
      expect(autoOrient).toEqual({ width: 480, height: 320 });
      const corners = [
        [20, 20],
        [450, 20],
        [20, 290],
      ] as const;
      const channels = corners.map(([left, top]) => channelAt(path, left, top));
      expect(await Promise.all(channels)).toEqual([0, 2, 1]);
    }
  });

  it("have a logo that lets the picture through around it", async () => {
    const { channels } = await sharp(await makeSampleLogo(dir)).stats();
    expect([channels[3]?.min, channels[3]?.max]).toEqual([0, 255]);
  });
});

it("the page names each picture by its options, and nothing in a name becomes markup", () => {
  const picture = {
    src: "1-01.webp",
    width: 240,
    height: 180,
    caption: "w=240,f=webp",
    facts: "4.0 kB webp",
  };
  const part = { title: "Formats", text: "a < b", pictures: [picture] };
  const page = galleryPage([{ name: '<script>"x"</script>.jpg', parts: [part] }]);
  expect(page).toContain('<img src="1-01.webp" width="240" height="180" alt="w=240,f=webp">');
  expect(page).toContain("a &lt; b");
  expect(page).not.toContain("<script>");
});
