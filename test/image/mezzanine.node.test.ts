import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp, { type Sharp } from "sharp";
import { afterAll, describe, expect, it } from "vitest";
import { renderImage as renderInContainer } from "../../containers/transcoder/render-image.ts";
import { renderImage } from "../../src/image/pipeline.ts";
import { needsMoreBytes, probeImage } from "../../src/image/probe.ts";
import { mezzanineOf, throughMezzanine } from "../../src/image-url/mezzanine.ts";
import { toImageOutput } from "../../src/image-url/to-output.ts";

const folder = mkdtempSync(join(tmpdir(), "darkroom-mezzanine-"));
afterAll(() => rmSync(folder, { recursive: true }));

const gradient = (width: number, height: number) =>
  sharp(
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><linearGradient id="g"><stop stop-color="#c33"/><stop offset="1" stop-color="#36c"/></linearGradient><rect width="100%" height="100%" fill="url(#g)"/></svg>`,
    ),
    { limitInputPixels: false },
  ).flatten();
const flat = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: "#369" }, limitInputPixels: false });

/** Originals that the edge cannot hold, as small as they can be and still be that. */
const ORIGINALS: Record<string, Sharp> = {
  "a JPEG of 61 megapixels": flat(9000, 6800).jpeg(),
  "a JPEG in CMYK": gradient(640, 427).toColourspace("cmyk").jpeg({ quality: 95 }),
  "a TIFF": gradient(640, 427).tiff(),
  "an AVIF": gradient(640, 427).avif({ quality: 90 }),
  "a GIF that lies on its side": gradient(427, 640).gif(),
};

describe.each(Object.entries(ORIGINALS))("the mezzanine of %s", (name, original) => {
  it("is what its plan says, and gives the picture that the original gives", {
    timeout: 60_000,
  }, async () => {
    const bytes = await original.toBuffer();
    const file = join(folder, name);
    writeFileSync(file, bytes);
    const source = probeImage(bytes, bytes.length);
    if (needsMoreBytes(source)) throw new Error("short");
    const mezzanine = mezzanineOf(source);
    const made = join(folder, "mezzanine");
    await renderInContainer(file, mezzanine.output, made);
    const copy = new Uint8Array(await readFile(made));
    const probe = probeImage(copy, copy.length);
    if (needsMoreBytes(probe)) throw new Error("short");
    const { format, width, height, orientation } = probe;
    expect({ format, width, height, orientation }).toEqual({
      format: mezzanine.probe.format,
      width: mezzanine.probe.width,
      height: mezzanine.probe.height,
      orientation: 1,
    });

    const output = toImageOutput({ width: 160 }, "png");
    const adapted = throughMezzanine(source, mezzanine, output, new Map());
    if (!adapted) throw new Error("not through the mezzanine");
    const [ours] = await renderImage(copy, probe, [adapted]);
    const direct = join(folder, "direct");
    await renderInContainer(file, output, direct);
    const theirs = await sharp(direct).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    expect([ours?.width, ours?.height]).toEqual([theirs.info.width, theirs.info.height]);
    const pixels = await sharp(ours?.bytes).removeAlpha().raw().toBuffer();
    const mean =
      pixels.reduce((sum, value, i) => sum + Math.abs(value - (theirs.data[i] ?? 0)), 0) / pixels.length;
    expect(mean).toBeLessThan(1.5);
  });
});
