import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { analyzePixels } from "../../src/image/analyze.ts";
import type { ImageOutput } from "../../src/image/output.ts";
import { resizePixels } from "../../src/image/resize.ts";
import { distanceOf } from "../../src/media/likeness.ts";
import { detailedPhoto } from "../fixtures/detailed-photo.ts";
import { fileOf } from "../fixtures/images.ts";
import { image, useStudio } from "./studio.ts";
import { endOf, runTask } from "./transcoder-process.ts";

const studio = useStudio();

/** Left half red, right half blue. */
function halves(width: number, height: number) {
  const blue = { create: { width: width / 2, height, channels: 3 as const, background: "#0000ff" } };
  const red = sharp({ create: { width, height, channels: 3, background: "#ff0000" } });
  return red.composite([{ input: blue, left: width / 2, top: 0 }]);
}

async function render(input: Buffer, ...outputs: Partial<ImageOutput>[]) {
  const task = studio.task(input);
  const specs = outputs.map((output) => ({ ...image, ...output }));
  const { files } = await runTask(studio.transcoder, { kind: "image", ...task, outputs: specs }, "files");
  return files.map((file) => ({ file, bytes: studio.output(task, file.path) }));
}

/** A GIF whose bars move a little with each frame. */
async function drifting(width: number, height: number, frames: number): Promise<Buffer> {
  const data = Buffer.alloc(width * height * frames * 3);
  for (let row = 0; row < height * frames; row++) {
    const shift = Math.floor(row / height) * 3;
    for (let x = 0; x < width; x++) {
      if (((x + shift) >> 5) % 2) data.fill(255, (row * width + x) * 3, (row * width + x + 1) * 3);
    }
  }
  const raw = { width, height: height * frames, channels: 3, pageHeight: height } as const;
  return await sharp(data, { raw }).gif({ effort: 1 }).toBuffer();
}

/** Mean difference of two pictures of one size, 0–255. */
function difference(a: Buffer, b: Buffer): number {
  expect(a.length).toBe(b.length);
  return a.reduce((sum, value, i) => sum + Math.abs(value - (b[i] ?? 0)), 0) / a.length;
}

async function pixel(bytes: Buffer | undefined, left: number, top: number): Promise<number[]> {
  return [...(await sharp(bytes).extract({ left, top, width: 1, height: 1 }).raw().toBuffer())];
}

describe("an image task that may lose outputs", () => {
  const outputs = [
    { ...image, name: "a.jpg" },
    { ...image, name: "bad.jpg", trim: { left: 5_000, top: 0, right: 0, bottom: 0 } },
  ];

  it("makes the others, and says what it could not make and how much memory it held", async () => {
    const task = studio.task(await halves(80, 40).jpeg().toBuffer());
    const request = { kind: "image" as const, ...task, outputs, tolerated: ["configuration" as const] };
    const end = await endOf(studio.transcoder, request);
    if (end.type !== "done" || end.result.kind !== "files") throw new Error(JSON.stringify(end));
    expect(end.result.files.map(({ name }) => name)).toEqual(["a.jpg"]);
    expect(end.result.failed).toMatchObject([{ name: "bad.jpg", code: "impossible_output" }]);
    expect(end.peakMemoryBytes).toBeGreaterThan(10_000_000);
    expect(end.cpuSeconds).toBeGreaterThan(0);
  });

  it("fails as a whole where that is not tolerated", async () => {
    const task = studio.task(await halves(80, 40).jpeg().toBuffer());
    const end = await endOf(studio.transcoder, { kind: "image", ...task, outputs });
    expect(end).toMatchObject({ type: "error", code: "impossible_output", cpuSeconds: expect.any(Number) });
  });
});

describe("an image task that is to learn", () => {
  it("says of the input what the edge would say of it", async () => {
    const photo = detailedPhoto(320, 200, 1);
    const png = Buffer.from(await fileOf(photo, "png"));
    const task = studio.task(png);
    const request = {
      kind: "image" as const,
      ...task,
      outputs: [{ ...image, name: "a.jpg" }],
      analyze: true,
    };
    const { analysis } = await runTask(studio.transcoder, request, "files");
    const window = { left: 0, top: 0, width: 320, height: 200 };
    const here = analyzePixels(await resizePixels(photo, window, { width: 96, height: 60 }, false));
    expect(distanceOf(analysis?.perceptualHash ?? "", here.perceptualHash ?? "")).toBeLessThan(3);
    expect(analysis?.interest.attention.columns).toHaveLength(96);
    expect(analysis?.entropy).toBeCloseTo(here.entropy, 0);
    expect(
      (await runTask(studio.transcoder, { ...request, ...studio.task(png), analyze: false }, "files"))
        .analysis,
    ).toBeUndefined();
  });
});

describe("a drawing that asks for more than it may", () => {
  const drawing = (filter: string) =>
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="3900" height="4000"><filter id="f">${filter}</filter><rect width="3900" height="4000" filter="url(#f)"/></svg>`,
    );
  const failing = async (input: Buffer) =>
    await endOf(studio.transcoder, { kind: "image", ...studio.task(input), outputs: [image] });

  // The bound is 15 s of a process that ends at nothing else.
  it("is ended for its time, as a failure of the drawing", { timeout: 60_000 }, async () => {
    const blurs = '<feGaussianBlur stdDeviation="9"/>'.repeat(40);
    const end = await failing(drawing(blurs));
    expect(end).toMatchObject({
      type: "error",
      code: "drawing_too_complex",
      message: expect.stringContaining("15 s"),
    });
  });

  it("is ended for its memory", { timeout: 60_000 }, async () => {
    const layers = Array.from({ length: 200 }, (_, i) => `<feFlood flood-color="#123" result="r${i}"/>`);
    expect(await failing(drawing(layers.join("")))).toMatchObject({
      code: "drawing_too_complex",
      message: expect.stringContaining("GB"),
    });
  });
});

describe("images beyond the isolate", () => {
  it("makes several sizes and formats of one picture", async () => {
    const made = await render(
      await halves(800, 400).jpeg().toBuffer(),
      { name: "a.jpg" },
      { name: "b.webp", format: "webp", width: 100, height: undefined },
      { name: "c.png", format: "png", width: 100, height: 100, resizeMode: "stretch" },
    );
    expect(made.map(({ file }) => [file.type, file.width, file.height])).toEqual([
      ["image/jpeg", 160, 80],
      ["image/webp", 100, 50],
      ["image/png", 100, 100],
    ]);
    for (const { file, bytes } of made) {
      expect(await sharp(bytes).metadata()).toMatchObject({ width: file.width, height: file.height });
    }
  });

  it("stands pictures upright before anything else and takes their metadata away", async () => {
    const input = await halves(400, 200)
      .withExif({ IFD0: { Artist: "somebody" } })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    const [made] = await render(input, {
      resizeMode: "crop",
      width: 50,
      height: 50,
      position: { x: 0.5, y: 0 },
    });
    const [r, , b] = await pixel(made?.bytes, 25, 5);
    expect(r).toBeGreaterThan(200);
    expect(b).toBeLessThan(60);
    const { exif, icc, orientation } = await sharp(made?.bytes).metadata();
    expect([exif, icc, orientation]).toEqual([undefined, undefined, undefined]);
  });

  it("crops at the focal point", async () => {
    const input = await halves(400, 200).png().toBuffer();
    const right = { resizeMode: "crop", width: 40, height: 80, position: { x: 1, y: 0.5 } } as const;
    const [made] = await render(input, right);
    const [r, , b] = await pixel(made?.bytes, 20, 40);
    expect([r, b]).toEqual([expect.closeTo(0, -1), expect.closeTo(255, -1)]);
  });

  it("pads in the background colour and shows it through alpha in JPEG", async () => {
    const clear = { r: 0, g: 0, b: 0, alpha: 0 };
    const input = await sharp({ create: { width: 100, height: 50, channels: 4, background: clear } })
      .png()
      .toBuffer();
    const pad = { resizeMode: "pad", width: 100, height: 100, background: [0, 255, 0, 255] } as const;
    const [jpeg, png] = await render(
      input,
      { ...pad, background: [0, 255, 0, 255] },
      { ...pad, background: [0, 255, 0, 128], name: "p.png", format: "png" },
    );
    expect((await pixel(jpeg?.bytes, 50, 5))[1]).toBeGreaterThan(240);
    expect((await pixel(jpeg?.bytes, 50, 50))[1]).toBeGreaterThan(240);
    expect(await pixel(png?.bytes, 50, 5)).toEqual([0, 255, 0, 128]);
    expect((await pixel(png?.bytes, 50, 50))[3]).toBe(0);
  });

  it.each(["gif", "tiff", "avif", "webp", "png"] as const)("takes %s", async (format) => {
    const [made] = await render(await halves(160, 80).toFormat(format).toBuffer(), {
      format: "png",
      width: 40,
      height: undefined,
    });
    expect(made?.file).toMatchObject({ width: 40, height: 20 });
    const [r, , b] = await pixel(made?.bytes, 35, 10);
    expect(b).toBeGreaterThan(200);
    expect(r).toBeLessThan(60);
  });

  it("takes SVG without looking anywhere else for its parts", async () => {
    const svg =
      '<svg xmlns="http://www.w3.org/2000/svg" width="80" height="40"><rect width="80" height="40" fill="red"/><image href="file:///etc/passwd" width="80" height="40"/></svg>';
    const [made] = await render(Buffer.from(svg), { format: "png", width: 40, height: undefined });
    expect((await pixel(made?.bytes, 20, 10)).slice(0, 3)).toEqual([255, 0, 0]);
  });

  it("takes the entities that a drawing declares itself, and neither files nor a flood of them", async () => {
    const drawing = (declared: string, text: string) =>
      Buffer.from(
        `<?xml version="1.0"?><!DOCTYPE svg PUBLIC "a" "b" [<!ENTITY ns "http://www.w3.org/2000/svg">${declared}]><svg xmlns="&ns;" width="80" height="40"><rect width="80" height="40" fill="red"/><text>${text}</text></svg>`,
      );
    const [made] = await render(drawing("", ""), { format: "png", width: 40, height: undefined });
    expect((await pixel(made?.bytes, 20, 10)).slice(0, 3)).toEqual([255, 0, 0]);
    const flood = Array.from({ length: 9 }, (_, n) => `<!ENTITY a${n + 1} "${`&a${n};`.repeat(10)}">`);
    for (const hostile of [
      drawing('<!ENTITY file SYSTEM "file:///etc/passwd">', "&file;"),
      drawing(`<!ENTITY a0 "lol">${flood.join("")}`, "&a9;"),
    ]) {
      const end = endOf(studio.transcoder, { kind: "image", ...studio.task(hostile), outputs: [image] });
      expect(await end).toMatchObject({ code: "corrupt_image" });
    }
  });

  it("keeps moving what moves, through every step, and makes a still of it when told so", async () => {
    const [width, height, frames] = [60, 40, 3];
    const data = Buffer.concat(
      [
        [255, 0, 0],
        [0, 255, 0],
        [0, 0, 255],
      ].map((color) => Buffer.concat(Array.from({ length: width * height }, () => Buffer.from(color)))),
    );
    const raw = { width, height: height * frames, channels: 3, pageHeight: height } as const;
    const gif = await sharp(data, { raw })
      .gif({ delay: [100, 200, 300], loop: 2 })
      .toBuffer();
    const wanted: Partial<ImageOutput> = {
      format: "webp",
      width: 30,
      height: undefined,
      border: { top: 1, right: 1, bottom: 1, left: 1, color: [0, 0, 0, 255] },
    };
    const [moving, still] = await render(
      gif,
      { ...wanted, name: "a.webp", animated: true },
      { ...wanted, name: "b.webp" },
    );
    expect(moving?.file).toMatchObject({ width: 32, height: 22 });
    expect(await sharp(moving?.bytes).metadata()).toMatchObject({
      pages: 3,
      delay: [100, 200, 300],
      loop: 2,
      width: 32,
    });
    for (const [page, color] of [
      [1, 1],
      [2, 2],
    ] as const) {
      const frame = await sharp(moving?.bytes, { page })
        .removeAlpha()
        .extract({ left: 15, top: 10, width: 1, height: 1 })
        .raw()
        .toBuffer();
      expect(frame[color]).toBeGreaterThan(200);
    }
    expect((await sharp(still?.bytes).metadata()).pages ?? 1).toBe(1);
  });

  it("makes each frame of a long animation as it would make it alone", async () => {
    const gif = await drifting(400, 300, 40);
    const wanted = { format: "webp", width: 200, height: undefined, quality: 100 } as const;
    const [moving, first] = await render(
      gif,
      { ...wanted, name: "a.webp", animated: true },
      { ...wanted, name: "b.webp" },
    );
    expect((await sharp(moving?.bytes).metadata()).pages).toBe(40);
    const shown = async (bytes: Buffer | undefined, page: number) =>
      await sharp(bytes, { page }).removeAlpha().raw().toBuffer();
    expect(difference(await shown(moving?.bytes, 0), await shown(first?.bytes, 0))).toBeLessThan(1);
    const alone = await sharp(gif, { page: 37 }).resize(200).removeAlpha().raw().toBuffer();
    expect(difference(await shown(moving?.bytes, 37), alone)).toBeLessThan(2);
  });

  it("says which picture is damaged, too large or no picture", async () => {
    const photo = await halves(800, 400).jpeg().toBuffer();
    const failing = async (input: Buffer) =>
      endOf(studio.transcoder, { kind: "image", ...studio.task(input), outputs: [image] });
    expect(await failing(photo.subarray(0, photo.length / 2))).toMatchObject({ code: "corrupt_image" });
    expect(await failing(Buffer.from("no picture at all"))).toMatchObject({ code: "unsupported_image" });
    const huge = await sharp({ create: { width: 12_000, height: 9_000, channels: 3, background: "#fff" } })
      .png({ compressionLevel: 1 })
      .toBuffer();
    expect(await failing(huge)).toMatchObject({ code: "too_many_pixels" });
  });

  it("takes what libvips only warns of for damage when another decoder has refused it", async () => {
    const photo = await halves(800, 400).jpeg().toBuffer();
    const ending = async (input: Buffer, strict: boolean) =>
      await endOf(studio.transcoder, { kind: "image", ...studio.task(input), outputs: [image], strict });
    const short = Buffer.concat([photo.subarray(0, -300), Buffer.from([0xff, 0xd9])]);
    expect(await ending(photo, true)).toMatchObject({ type: "done" });
    expect(await ending(short, false)).toMatchObject({ type: "done" });
    expect(await ending(short, true)).toMatchObject({ type: "error", code: "corrupt_image" });
  });
});
