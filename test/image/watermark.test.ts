import { describe, expect, it } from "vitest";
import { MediaError } from "../../src/errors.ts";
import { decodeImage } from "../../src/image/decode.ts";
import { drawLogo } from "../../src/image/draw-logo.ts";
import type { ImageOutput } from "../../src/image/output.ts";
import { renderImage } from "../../src/image/pipeline.ts";
import type { Pixels } from "../../src/image/pixels.ts";
import { planImage } from "../../src/image/plan.ts";
import { placeLogo } from "../../src/image/watermark.ts";
import {
  ascii,
  disc,
  fileOf,
  jpegHeader,
  paint,
  photo,
  pngHeader,
  quarters,
  riff,
  vp8x,
  withExif,
} from "../fixtures/images.ts";
import { LOGO, logos, mark, marked, probed } from "./marking.ts";

describe("where a logo lies", () => {
  const canvas = { width: 1000, height: 500 };
  it.each([
    ["top right, a fifth of the width, 10 px from the edges", {}, [790, 10, 200, 100]],
    ["bottom left", { position: { x: 0, y: 1 } }, [10, 390, 200, 100]],
    ["in the middle", { position: { x: 0.5, y: 0.5 } }, [400, 200, 200, 100]],
    ["as wide as there is room", { width: 1, position: { x: 0.5, y: 0.5 } }, [20, 10, 960, 480]],
    ["without padding", { padding: 0 }, [800, 0, 200, 100]],
    ["tiled: from the top left", { tile: true, padding: 30 }, [30, 30, 200, 100]],
  ])("%s", (_, wanted, [left, top, width, height]) => {
    expect(placeLogo(canvas, { width: 400, height: 200 }, mark(wanted))).toMatchObject({
      left,
      top,
      width,
      height,
    });
  });

  it("is inside of every picture, whatever the sizes", () => {
    const sides = [1, 2, 3, 17, 640, 10_000];
    for (const width of sides) {
      for (const height of sides) {
        for (const logo of [
          { width: 1, height: 1 },
          { width: 9_000, height: 2 },
          { width: 2, height: 9_000 },
        ]) {
          for (const padding of [0, 10, 1_000]) {
            const place = placeLogo({ width, height }, logo, mark({ padding, width: 0.7 }));
            expect(Math.min(place.left, place.top)).toBeGreaterThanOrEqual(0);
            expect(Math.min(place.width, place.height)).toBeGreaterThanOrEqual(1);
            expect(place.left + place.width).toBeLessThanOrEqual(width);
            expect(place.top + place.height).toBeLessThanOrEqual(height);
          }
        }
      }
    }
  });
});

describe("laying a logo over a picture", () => {
  const at = { left: 0, top: 0, width: 1, height: 1, gap: { x: 0, y: 0 } };
  const px = (rgba: readonly [number, number, number, number]) => paint(1, 1, () => rgba);

  it.each([
    ["opaque covers", [10, 20, 30, 255], [200, 100, 0, 255], 1, [200, 100, 0, 255]],
    ["clear changes nothing", [10, 20, 30, 77], [200, 100, 0, 0], 1, [10, 20, 30, 77]],
    ["half over opaque mixes by half", [0, 0, 0, 255], [255, 255, 255, 128], 1, [128, 128, 128, 255]],
    ["over nothing it keeps its own colour", [9, 9, 9, 0], [200, 100, 50, 128], 1, [200, 100, 50, 128]],
    ["half over half: Porter and Duff", [0, 0, 255, 128], [255, 0, 0, 128], 1, [170, 0, 85, 192]],
    ["opacity scales alpha", [0, 0, 0, 255], [255, 255, 255, 255], 0.25, [64, 64, 64, 255]],
  ] as const)("%s", (_, below, above, opacity, wanted) => {
    const made = drawLogo(px(below), px(above), at, { opacity, tile: false });
    expect([...made.data]).toEqual([...wanted]);
  });

  it("tiles to the edges and cuts there, and leaves the picture that it was given alone", () => {
    const picture = paint(7, 5, () => [0, 0, 0, 255]);
    const tile = { left: 1, top: 1, width: 2, height: 2, gap: { x: 1, y: 1 } };
    const logo = paint(2, 2, () => [255, 255, 255, 255]);
    const made = drawLogo(picture, logo, tile, { opacity: 1, tile: true });
    const rows = Array.from({ length: 5 }, (_, y) =>
      Array.from({ length: 7 }, (_, x) => (made.data[(y * 7 + x) * 4] === 255 ? "#" : ".")).join(""),
    );
    expect(rows).toEqual([".......", ".##.##.", ".##.##.", ".......", ".##.##."]);
    expect(picture.data.every((value, index) => value === (index % 4 === 3 ? 255 : 0))).toBe(true);
  });
});

async function made(file: Uint8Array, output: ImageOutput, logo: Uint8Array): Promise<Pixels> {
  const [image] = await renderImage(file, probed(file), [output], { logos: logos(logo) });
  if (!image) throw new Error("nothing rendered");
  return await decodeImage(image.bytes, probed(image.bytes));
}

function colorAt({ data, width }: Pixels, x: number, y: number): string {
  const [r = 0, g = 0, b = 0] = data.subarray((y * width + x) * 4, (y * width + x) * 4 + 3);
  if (Math.min(r, g, b) > 200) return "white";
  if (Math.max(r, g, b) < 60) return "black";
  return r > g && r > b ? "red" : g > b ? "green" : "blue";
}

describe("a marked picture", () => {
  const black = paint(200, 100, () => [0, 0, 0, 255]);
  const corners = { width: 0.4, padding: 0, position: { x: 0, y: 0 } };

  it.each(["png", "webp", "jpeg"] as const)("bears a %s logo in every format", async (format) => {
    const logo = await fileOf(quarters(40, 40), format);
    for (const output of ["png", "webp", "jpeg"] as const) {
      const picture = await made(await fileOf(black, "png"), marked(corners, { format: output }), logo);
      const seen = [
        [5, 5],
        [70, 5],
        [5, 70],
        [70, 70],
        [150, 50],
      ].map(([x = 0, y = 0]) => colorAt(picture, x, y));
      expect(seen).toEqual(["red", "green", "blue", "white", "black"]);
    }
  });

  it("shows no fringe of what lies under the clear parts of its logo, scaled up or down", async () => {
    for (const side of [20, 400]) {
      const picture = await made(
        await fileOf(black, "png"),
        marked(corners),
        await fileOf(disc(side), "png"),
      );
      expect(colorAt(picture, 40, 40)).toBe("red");
      const greens = picture.data.filter((_, index) => index % 4 === 1);
      expect(Math.max(...greens)).toBeLessThanOrEqual(2);
    }
  });

  it("turns a logo upright that its camera held sideways", async () => {
    const logo = withExif(await fileOf(quarters(40, 20), "jpeg"), 6);
    const picture = await made(await fileOf(black, "png"), marked({ ...corners, width: 0.2 }), logo);
    // 20×40 upright: what was stored bottom left is seen top left.
    expect([colorAt(picture, 5, 5), colorAt(picture, 35, 5)]).toEqual(["blue", "red"]);
    expect([colorAt(picture, 5, 70), colorAt(picture, 35, 70)]).toEqual(["white", "green"]);
  });

  it("is itself turned and padded first: the logo lies upright in the corner of the canvas", async () => {
    const sideways = withExif(await fileOf(photo(60, 40), "jpeg"), 8);
    const output = marked(
      { ...corners, width: 0.5, position: { x: 1, y: 1 } },
      {
        width: 90,
        height: 90,
        resizeMode: "pad",
        background: [0, 0, 0, 255],
      },
    );
    const picture = await made(sideways, output, await fileOf(quarters(30, 30), "png"));
    expect([picture.width, picture.height]).toEqual([90, 90]);
    expect([colorAt(picture, 48, 48), colorAt(picture, 87, 87), colorAt(picture, 3, 3)]).toEqual([
      "red",
      "white",
      "black",
    ]);
  });

  it("leaves the other outputs of the same decode unmarked", async () => {
    const file = await fileOf(black, "png");
    const plain = { ...marked({}), watermark: undefined };
    const outputs = [marked(corners, { name: "a" }), { ...plain, name: "b" }];
    const logo = logos(await fileOf(quarters(40, 40), "png"));
    const [, second] = await renderImage(file, probed(file), outputs, { logos: logo });
    const picture = await decodeImage(second?.bytes ?? file, probed(file));
    expect(picture.data.every((value, index) => value === (index % 4 === 3 ? 255 : 0))).toBe(true);
  });

  it("is not made when its logo is missing, damaged or of a kind without a decoder", async () => {
    const file = await fileOf(black, "png");
    const broken = (await fileOf(quarters(90, 90), "png")).fill(7, 60, 120);
    const animated = riff(
      ["VP8X", vp8x(2, 8, 8)],
      ["ANIM", [0, 0, 0, 0, 0, 0]],
      ["ANMF", ascii("x".repeat(24))],
    );
    for (const known of [new Map(), logos(broken), logos(animated)]) {
      const failure = renderImage(file, probed(file), [marked({})], { logos: known });
      await expect(failure).rejects.toMatchObject({ code: "unusable_logo", class: "input" });
    }
  });
});

describe("the plan of a marked picture", () => {
  const headers = (file: Uint8Array, bytes = 1000) => new Map([[LOGO, { probe: probed(file), bytes }]]);

  it("counts the logo, and sends what does not fit or cannot be read to the container", () => {
    const picture = probed(jpegHeader(1920, 1080));
    const output = marked({}, { width: 400 });
    const plain = planImage(picture, [{ ...output, watermark: undefined }]);
    const small = planImage(picture, [output], { logos: headers(pngHeader(300, 100)) });
    expect(small.lane).toBe("edge");
    expect(small.estimatedPeakBytes).toBeGreaterThan(plain.estimatedPeakBytes + 300 * 100 * 8);
    expect(planImage(picture, [output], { logos: headers(pngHeader(6000, 6000)) }).lane).toBe(
      "container-short",
    );
    const svg = ascii('<svg xmlns="http://www.w3.org/2000/svg" width="30" height="10"/>');
    expect(planImage(picture, [output], { logos: headers(svg) })).toMatchObject({
      lane: "container-short",
      reason: "The edge has no decoder for a logo in SVG.",
    });
  });

  it("does not plan for a logo of which nothing is known", () => {
    expect(() => planImage(probed(pngHeader(9, 9)), [marked({})])).toThrow(MediaError);
  });
});
