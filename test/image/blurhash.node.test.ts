import { encode } from "blurhash";
import { expect, test } from "vitest";
import { blurhashOf } from "../../src/image/analyze/blurhash.ts";
import { dominantColor } from "../../src/image/analyze/dominant-color.ts";
import type { Pixels } from "../../src/image/pixels.ts";

/** Pictures of all shapes: a slope of colours, with grain of a seed. */
function picture(width: number, height: number, seed: number): Pixels {
  let state = seed;
  const grain = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const data = new Uint8ClampedArray(width * height * 4);
  for (let at = 0; at < data.length; at += 4) {
    const [x, y] = [(at / 4) % width, Math.floor(at / 4 / width)];
    data.set([(255 * x) / width, (255 * y) / height, 255 * grain(), 255 * grain()], at);
  }
  return { width, height, data };
}

function filled(width: number, height: number, ...color: [number, number, number, number]): Pixels {
  const data = Uint8ClampedArray.from({ length: width * height * 4 }, (_, at) => color[at % 4] ?? 0);
  return { width, height, data };
}

const SHAPES = [
  [1, 1],
  [1, 90],
  [90, 1],
  [2, 3],
  [100, 75],
  [75, 100],
  [33, 100],
] as const;

test("A BlurHash says what the reference encoder says", () => {
  const pictures = [
    ...SHAPES.flatMap(([width, height]) => [1, 2, 3].map((seed) => picture(width, height, seed))),
    filled(100, 75, 0, 0, 0, 255),
    filled(100, 75, 255, 255, 255, 255),
    filled(40, 40, 12, 200, 90, 0),
  ];
  for (const { width, height, data } of pictures) {
    expect(blurhashOf({ width, height, data })).toBe(encode(data, width, height, 4, 3));
  }
});

test("The dominant colour is that of which most shows", () => {
  expect(dominantColor(filled(3, 3, 12, 200, 90, 255))).toBe("#0cc85a");
  expect(dominantColor(filled(3, 3, 12, 200, 90, 0))).toBe("#000000");
  const half = filled(4, 1, 250, 0, 0, 255);
  half.data.set([0, 0, 240, 90, 0, 0, 250, 90, 0, 0, 244, 90], 4);
  expect(dominantColor(half)).toBe("#0000f5");
});
