import type { Flip } from "./output.ts";
import type { Orientation } from "./probe.ts";

/** Where the stored x and y axes point once the picture is turned: [x of x, x of y, y of x, y of y], y downwards. */
type Axes = readonly [number, number, number, number];

/** The eight ways to lay a picture on a grid, by their EXIF number (EXIF 2.32 §4.6.4 A, tag 0x0112). */
const AXES: Record<Orientation, Axes> = {
  1: [1, 0, 0, 1],
  2: [-1, 0, 0, 1],
  3: [-1, 0, 0, -1],
  4: [1, 0, 0, -1],
  5: [0, 1, 1, 0],
  6: [0, -1, 1, 0],
  7: [0, -1, -1, 0],
  8: [0, 1, -1, 0],
};

const FLIPPED: Record<Flip, Orientation> = { h: 2, v: 4, hv: 3 };
const ROTATED: Record<90 | 180 | 270, Orientation> = { 90: 6, 180: 3, 270: 8 };

/**
 * One orientation that stands for three turns in a row: upright, flipped, rotated. There are only eight, so that any
 * number of turns costs one walk over the pixels.
 */
export function composeOrientation(
  stored: Orientation,
  turns: { flip?: Flip | undefined; rotate?: 90 | 180 | 270 | undefined },
): Orientation {
  const flipped = turns.flip === undefined ? stored : then(stored, FLIPPED[turns.flip]);
  return turns.rotate === undefined ? flipped : then(flipped, ROTATED[turns.rotate]);
}

function then(first: Orientation, second: Orientation): Orientation {
  const [a, b, c, d] = AXES[second];
  const [e, f, g, h] = AXES[first];
  const product = [a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h];
  const found = Object.entries(AXES).find(([, axes]) =>
    axes.every((value, index) => value === product[index]),
  );
  return Number(found?.[0]) as Orientation;
}
