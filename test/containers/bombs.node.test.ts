import sharp from "sharp";
import { describe, expect, it } from "vitest";
import type { ImageOutput } from "../../src/image/output.ts";
import { longGif, lyingWebp, pngBombs } from "../image/bombs.ts";
import { image, useStudio } from "./studio.ts";
import { endOf } from "./transcoder-process.ts";

const studio = useStudio();

/** What none of them may take, bytes, the process and libvips counted. What takes too long ends with `timeout`. */
const MAX_MEMORY_BYTES = 400_000_000;

/** How a task ends that makes a small output of the file, within what any picture may cost. */
async function endWith(file: Uint8Array, output: Partial<ImageOutput>) {
  const task = studio.task(Buffer.from(file));
  const outputs = [{ ...image, height: undefined, width: 20, ...output }];
  const end = await endOf(studio.transcoder, { kind: "image", ...task, outputs, analyze: true });
  if (end.type !== "done") return end;
  expect(end.peakMemoryBytes ?? 0).toBeLessThan(MAX_MEMORY_BYTES);
  if (end.result.kind !== "files") throw new Error(JSON.stringify(end));
  const bytes = studio.output(task, end.result.files[0]?.path ?? "");
  return { ...end, notes: end.result.notes, made: await sharp(bytes).metadata() };
}

describe("a GIF of 5,000 frames", () => {
  it("is a still, with a note", async () => {
    const end = await endWith(longGif(64, 48, 5_000), { format: "webp", name: "a.webp", animated: true });
    expect(end).toMatchObject({
      type: "done",
      made: { width: 20 },
      notes: [expect.stringContaining("still")],
    });
    expect(end).not.toHaveProperty("made.pages");
  });
});

describe("an animated WebP that lies about its size", () => {
  async function bitstream(width: number, height: number): Promise<Uint8Array> {
    const picture = sharp({ create: { width, height, channels: 3, background: "#246" } });
    return (await picture.webp().toBuffer()).subarray(20);
  }

  it.each([
    ["has frames larger than their bitstream", [40, 30], [40, 30], 3],
    ["has frames larger than its canvas", [8, 8], [16, 12], 3],
    ["has a canvas of 268 megapixels", [16_383, 16_383], [16, 12], 3],
    ["has 5,000 frames", [16, 12], [16, 12], 5_000],
  ] as const)("and %s ends with a picture or a coded error", async (_, canvas, frame, frames) => {
    const file = lyingWebp(await bitstream(16, 12), [...canvas], [...frame], frames);
    const end = await endWith(file, { format: "webp", name: "a.webp", animated: true });
    if (end.type === "error") expect(end.code).toMatch(/^(corrupt_image|unsupported_image|too_many_pixels)$/);
    else expect(end).toMatchObject({ type: "done", made: { width: Math.min(20, canvas[0]) } });
  });
});

describe("a PNG", () => {
  it("with a bomb in it costs no more than its picture", async () => {
    const png = await sharp({ create: { width: 40, height: 30, channels: 3, background: "#246" } })
      .png()
      .toBuffer();
    const { "a profile of 50 MB": profile, "text of 50 MB": text, "EXIF that loops": exif } = pngBombs(png);
    for (const bomb of [profile, text, exif]) {
      const end = await endWith(bomb ?? png, { metadata: "preserve_all" });
      expect(end.type === "error" ? end.code : "done").toMatch(/^(done|corrupt_image|unsupported_image)$/);
    }
  });
});
