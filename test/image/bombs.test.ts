import { describe, expect, it } from "vitest";
import { headerFactsOf } from "../../src/image/analyze/header-facts.ts";
import { codecMemoryBytes } from "../../src/image/codecs/instance.ts";
import { createCompletenessCheck } from "../../src/image/completeness.ts";
import type { ImageOutput } from "../../src/image/output.ts";
import { renderImage } from "../../src/image/pipeline.ts";
import { detectImageFormat } from "../../src/image/probe/detect.ts";
import { needsMoreBytes, probeImage } from "../../src/image/probe.ts";
import { fileOf, photo } from "../fixtures/images.ts";
import { jpegBombs, pngBombs, shredded } from "./bombs.ts";

/** What none of them may take, ms: a tenth of a second is what they do take, and minutes what they ask for. */
const MAX_MS = 20_000;
const MAX_CODEC_BYTES = 64 * 1024 * 1024;
/** An output holds no more of a bomb than a picture of its size weighs, bytes. */
const MAX_OUTPUT_BYTES = 200_000;

const OUTPUT: ImageOutput = {
  name: "out",
  format: "png",
  width: 20,
  resizeMode: "fit",
  allowEnlarge: false,
  position: { x: 0.5, y: 0.5 },
  background: [255, 255, 255, 255],
  quality: 80,
};

/** All that the service does with a picture: what it notes of it, and outputs that keep all, some or no metadata. */
async function wholeWay(file: Uint8Array): Promise<Uint8Array[]> {
  const check = createCompletenessCheck(detectImageFormat(file));
  check.push(file);
  const probe = probeImage(file, file.length);
  if (needsMoreBytes(probe)) throw new Error("a whole file is never too short");
  await headerFactsOf(file, probe);
  const modes = ["strip_all", "preserve_technical", "preserve_all"] as const;
  const outputs = modes.map((metadata) => ({ ...OUTPUT, metadata }) as ImageOutput);
  return (await renderImage(file, probe, outputs)).map(({ bytes }) => bytes);
}

async function expectHarmless(file: Uint8Array): Promise<void> {
  const start = performance.now();
  const outcome = await wholeWay(file).catch((thrown: unknown) => thrown);
  expect(performance.now() - start).toBeLessThan(MAX_MS);
  expect(codecMemoryBytes()).toBeLessThan(MAX_CODEC_BYTES);
  if (!Array.isArray(outcome)) {
    expect(outcome).toMatchObject({ code: expect.stringMatching(/corrupt_image|unsupported_image/) });
    return;
  }
  // `preserve_all` keeps the block of EXIF as it is.
  for (const bytes of outcome) expect(bytes.length).toBeLessThan(file.length + MAX_OUTPUT_BYTES);
}

describe("a PNG", async () => {
  const png = await fileOf(photo(40, 30), "png");

  it.each(Object.entries(pngBombs(png)))("with %s costs no more than its picture", async (_, file) => {
    await expectHarmless(file);
  });

  it("in 20,000 pieces is the picture that it was", async () => {
    const [made] = await wholeWay(shredded(png));
    expect(made).toEqual((await wholeWay(png))[0]);
  });
});

describe("a JPEG", async () => {
  const jpeg = await fileOf(photo(40, 30), "jpeg");

  it.each(Object.entries(jpegBombs(jpeg)))("with %s costs no more than its picture", async (_, file) => {
    await expectHarmless(file);
  });
});
